// /// rye
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

/** @param {{ name: string, times?: number }} parameters */
export default function ({ name, times = 1 }) {
  return Array(times).fill(`Hello, ${name}!`).join("\n");
}
