// The official TypeScript SDK's client. What is asked of every client is in README.md.

import { Client, ProtocolError, SdkError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import type { Progress } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";

type Era = "legacy" | "modern";
type Changes = { client: Client; next: () => Promise<void> };

async function connect(transport: string, era: Era): Promise<Changes> {
  let hear = () => {};
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const client = new Client(
    { name: "peer", version: "1" },
    {
      versionNegotiation: { mode: era === "legacy" ? "legacy" : "auto" },
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => hear() } },
    },
  );
  await client.connect(
    transport === "stdio"
      ? new StdioClientTransport({ command: program, args: words })
      : new StreamableHTTPClientTransport(new URL(url)),
  );
  return { client, next: () => heard };
}

const names = async (client: Client) => (await client.listTools()).tools.map((tool) => tool.name);

async function unknown(client: Client): Promise<number | undefined> {
  try {
    await client.callTool({ name: "nobody" });
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

async function progress(client: Client) {
  const heard: unknown[] = [];
  const onprogress = ({ progress, total, message }: Progress) => void heard.push([progress, total, message]);
  await client.callTool({ name: "steps" }, { onprogress });
  return heard;
}

async function cancelled(client: Client): Promise<boolean> {
  const controller = new AbortController();
  try {
    await client.callTool({ name: "family" }, { signal: controller.signal, onprogress: () => controller.abort() });
  } catch {
    return controller.signal.aborted;
  }
  return false;
}

async function timedOut(client: Client): Promise<boolean> {
  try {
    await client.callTool({ name: "stay" }, { timeout: 500 });
  } catch (error) {
    return error instanceof SdkError && error.code === "REQUEST_TIMEOUT";
  }
  return false;
}

async function talk(transport: string, era: Era) {
  const { client, next } = await connect(transport, era);
  const grow = `${transport}_${era}`;
  const said = {
    transport,
    era,
    revision: client.getNegotiatedProtocolVersion(),
    names: await names(client),
    right: await client.callTool({ name: "add", arguments: { a: 2, b: 40 } }),
    wrong: await client.callTool({ name: "add", arguments: { a: "two" } }),
    failed: await client.callTool({ name: "fail" }),
    picture: await client.callTool({ name: "picture" }),
    unknown: await unknown(client),
    progress: await progress(client),
    cancelled: await cancelled(client),
    timed_out: await timedOut(client),
    grown: await client
      .callTool({ name: "grow", arguments: { name: grow } })
      .then(next)
      .then(async () => (await names(client)).includes(grow)),
    after: await client.callTool({ name: "add", arguments: { a: 1, b: 1 } }),
  };
  await client.close();
  return said;
}

const [url = "", program = "", ...words] = process.argv.slice(2);
for (const transport of ["stdio", "http"]) {
  for (const era of ["legacy", "modern"] as const) {
    console.log(JSON.stringify(await talk(transport, era)));
  }
}
