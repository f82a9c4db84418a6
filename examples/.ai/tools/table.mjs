// /// rye
// description = "Make a Markdown table of JSON rows"
// annotations.read_only = true
// [parameters.rows]
// type = "array"
// description = "objects; the keys of the first are the columns"
// items.type = "object"
// minItems = 1
// required = true
// ///
const line = (cells) => `| ${cells.map((cell) => String(cell ?? "").replaceAll("|", "\\|")).join(" | ")} |`;

export default function ({ rows }) {
  const columns = Object.keys(rows[0]);
  const body = rows.map((row) => line(columns.map((column) => row[column])));
  return [line(columns), line(columns.map(() => "---")), ...body].join("\n");
}
