// A fence says which file it is: ```toml file=.ai/tools/count.toml. This shows it above the block.
for (const code of document.querySelectorAll('code[class*="file="]')) {
  const name = [...code.classList].find((word) => word.startsWith("file=")).slice("file=".length);
  const label = document.createElement("p");
  label.append(Object.assign(document.createElement("code"), { textContent: name }));
  code.closest("pre").before(label);
}
