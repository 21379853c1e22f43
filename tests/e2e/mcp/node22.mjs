// Lets the conformance suite start under Node 20: it names fs.globSync, which came with Node 22 and which judging a server does not need.
//
//   node --import ./node22.mjs node_modules/@modelcontextprotocol/conformance/dist/index.js server …
import fs from "node:fs";
import { register } from "node:module";

const code = (text) => `data:text/javascript,${encodeURIComponent(text)}`;
const with_glob = code(`export * from "node:fs"; export function globSync() { throw new Error("globSync needs Node 22"); }`);
const hooks = code(`export async function resolve(name, context, next) {
    const asked_by_the_suite = name === "fs" && context.parentURL?.includes("/@modelcontextprotocol/conformance/");
    return asked_by_the_suite ? { url: ${JSON.stringify(with_glob)}, shortCircuit: true } : next(name, context);
}`);
if (!fs.globSync) register(hooks);
