// Loads the generated models, asks each for what differs from the live indexes, and validates documents.
const mongoose = require("mongoose");
const models = require(process.argv[2]);

(async () => {
  await mongoose.connect(process.env.URL);
  const told = {};
  for (const [name, model] of Object.entries(models)) {
    const { toDrop, toCreate } = await model.diffIndexes();
    const documents = await mongoose.connection.collection(model.collection.name).find().limit(50).toArray();
    const errors = documents.map((one) => new model(one).validateSync()).filter((error) => error);
    const made = await model.find().limit(3);
    told[name] = {
      toDrop,
      toCreate,
      documents: documents.length,
      found: made.length,
      errors: errors.map((error) => String(error)),
      missing: String(new model({}).validateSync() ?? ""),
    };
  }
  console.log(JSON.stringify(told));
  await mongoose.disconnect();
})();
