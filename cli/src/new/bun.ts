// /// rye
// executor_id = "bun_runtime"
// description = "Greet somebody"
// [parameters.name]
// type = "string"
// description = "who is greeted"
// required = true
// [parameters.times]
// type = "integer"
// description = "how often"
// minimum = 1
// default = 1
// ///

const name: string = Bun.env.RYE_PARAM_NAME ?? "";
const times = Number(Bun.env.RYE_PARAM_TIMES ?? 1);

for (let time = 0; time < times; time++) {
  console.log(`Hello, ${name}!`);
}
