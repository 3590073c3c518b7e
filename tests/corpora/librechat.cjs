// Builds every model of @librechat/data-schemas on the server that URL names, as the application itself does.
const mongoose = require("mongoose");
const schemas = require("@librechat/data-schemas");

(async () => {
  await mongoose.connect(process.env.URL, { autoIndex: false });
  schemas.createModels(mongoose);
  for (const name of mongoose.modelNames()) {
    await mongoose.model(name).createCollection();
    await mongoose.model(name).ensureIndexes();
  }
  await mongoose.disconnect();
})();
