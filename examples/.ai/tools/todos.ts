// /// rye
// description = "List the TODO and FIXME notes in source files"
// annotations.read_only = true
// [parameters.path]
// type = "string"
// description = "folder to look through"
// default = "."
// ///
interface Note {
  file: string;
  line: number;
  text: string;
}

async function* files(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && !/^(\.|node_modules$|target$)/.test(entry.name)) yield* files(path);
    if (entry.isFile && /\.(c|cc|go|js|mjs|py|rb|rs|sh|ts)$/.test(entry.name)) yield path;
  }
}

const notes: Note[] = [];
for await (const file of files(Deno.env.get("RYE_PARAM_PATH") ?? ".")) {
  for (const [index, line] of (await Deno.readTextFile(file)).split("\n").entries()) {
    const text = line.match(/(?:#|\/\/)\s*((?:TODO|FIXME)\b.*)/)?.[1];
    if (text) notes.push({ file, line: index + 1, text });
  }
}
notes.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
console.log(JSON.stringify(notes));
