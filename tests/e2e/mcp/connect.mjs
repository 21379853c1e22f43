// One client of an official SDK, connected: over stdio to a command, over HTTP to an address.
import { Client as ClientOfV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as StdioOfV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as HttpOfV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client as ClientOfV2, StreamableHTTPClientTransport as HttpOfV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as StdioOfV2 } from "@modelcontextprotocol/client/stdio";

// sdk: v1 | v2; where: {command: [word…], cwd} or {url, headers}; revision: of v2 alone, "2026-07-28" or "legacy".
export async function connect(sdk, where, revision, name = "fleet-test") {
    const modern = sdk === "v2" && revision !== "legacy";
    const client = sdk === "v1"
        ? new ClientOfV1({ name, version: "1" })
        : new ClientOfV2({ name, version: "1" }, { versionNegotiation: { mode: modern ? { pin: revision } : "legacy" } });
    const [Stdio, Http] = sdk === "v1" ? [StdioOfV1, HttpOfV1] : [StdioOfV2, HttpOfV2];
    const transport = where.command
        ? new Stdio({ command: where.command[0], args: where.command.slice(1), cwd: where.cwd, env: process.env, stderr: "pipe" })
        : new Http(new URL(where.url), { requestInit: { headers: where.headers ?? {} } });
    const words = [];
    transport.stderr?.on("data", (chunk) => words.push(chunk.toString()));
    try {
        await client.connect(transport);
    } catch (error) {
        throw new Error(`${error.message}; the server said: ${words.join("").trim() || "nothing"}`, { cause: error });
    }
    return { client, modern, words };
}
