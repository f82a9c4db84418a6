// A server of the official TypeScript SDK, as its documentation would have it: over stdio.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { McpServer } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import * as z from "zod";

const run = promisify(execFile);
const text = (text: string) => ({ content: [{ type: "text" as const, text }] });

serveStdio(() => {
  const server = new McpServer({ name: "peer", version: "1" });
  server.registerTool("nothing", { description: "Run a command that does nothing" }, async () =>
    text((await run("/bin/true")).stdout),
  );
  server.registerTool(
    "hello",
    { description: "Greets someone", inputSchema: z.object({ name: z.string(), times: z.int().default(1) }) },
    async ({ name, times }) => text(Array(times).fill(`Hello ${name}`).join(" ")),
  );
  server.registerTool(
    "add",
    {
      title: "Sum",
      description: "Add two whole numbers",
      inputSchema: z.object({ a: z.int().describe("the first"), b: z.int() }),
      outputSchema: z.object({ sum: z.int() }),
      annotations: { readOnlyHint: true },
    },
    async ({ a, b }) => ({ ...text(JSON.stringify({ sum: a + b })), structuredContent: { sum: a + b } }),
  );
  server.registerTool("steps", { description: "Report half and whole" }, async ({ mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    const steps = [[1, "half"], [2, "whole"]] as const;
    for (const [progress, message] of progressToken === undefined ? [] : steps) {
      const params = { progressToken, progress, total: 2, message };
      await mcpReq.notify({ method: "notifications/progress", params });
    }
    return text("done");
  });
  server.registerTool("picture", { description: "Give a picture" }, async () => ({
    content: [{ type: "image", mimeType: "image/png", data: "iVBORw0KGgo=" }],
  }));
  server.registerTool("fail", { description: "Fail" }, async () => {
    throw new Error("no such thing");
  });
  return server;
});
