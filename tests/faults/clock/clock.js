// Node loads this before the program (NODE_OPTIONS=--require): its clock is then as wrong as it is told to be.
const off = Number(process.env.FAULT_CLOCK_SECONDS || 0) * 1000;
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...given) {
    if (given.length) super(...given);
    else super(Real.now() + off);
  }
  static now() {
    return Real.now() + off;
  }
};
Object.defineProperty(process, "pid", { value: 1 });
