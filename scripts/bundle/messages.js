/** Those of Temporal's messages and methods that a program can use: which it names, and what they are made of. */

/** Where a bundle gets its messages. */
export const PLACEHOLDER = 'TEMPORAL_MESSAGES';

/** Takes the messages out of the module of `@temporalio/proto` that describes them, in protobufjs's own JSON. */
export function readMessages(code) {
  const [before, json, after] = code.split(/(?<=\.addJSON\()(\{.*\})(?=\);)/s);
  if (after === undefined) throw new Error('@temporalio/proto describes its messages in another way than it did');
  return { all: JSON.parse(json), without: `${before}${PLACEHOLDER}${after}` };
}

/**
 * Pure. Whatever a program names in full (`temporal.api.common.v1.Payload`), or all of a package that it names; every
 * method of a service whose name stands anywhere in it, whatever it means there; and what these are made of.
 * @param all packages, messages, enums and services by name, nested
 * @param code the program, without them
 */
export function namedMessages(all, code) {
  const words = new Set(code.match(/\w+/g));
  const find = (path) => path.reduce((entry, name) => entry?.nested?.[name], { nested: all });
  const kept = new Set();

  function keep(path) {
    if (kept.has(path.join('.'))) return;
    kept.add(path.join('.'));
    const entry = find(path);
    const around = path.slice(0, -1);
    if (!isPackage(find(around))) keep(around);
    if (isPackage(entry)) for (const name of Object.keys(entry.nested)) keep([...path, name]);
    const fields = Object.values(entry.fields ?? {}).map(({ type }) => type);
    const calls = Object.values(methodsNamed(entry.methods, words));
    for (const type of [...fields, ...calls.flatMap(({ requestType, responseType }) => [requestType, responseType])])
      keepFrom(path, type.split('.').filter(Boolean));
  }

  /** A name is looked up from where it stands outwards; those of protobuf's own types (`string`) are nowhere. */
  function keepFrom(path, name) {
    const places = Array.from({ length: path.length + 1 }, (_, out) => [...path.slice(0, path.length - out), ...name]);
    const found = places.find(find);
    if (found) keep(found);
  }

  for (const [name] of code.matchAll(new RegExp(`(?<!["'\`/])\\b(${Object.keys(all).join('|')})(\\.\\w+)+`, 'g'))) {
    const path = name.split('.');
    // What follows an enum or a message is a part of it; after a package it is none of the messages.
    const known = path.map((_, index) => path.slice(0, index + 1)).findLast(find);
    if (known.length === path.length || !isPackage(find(known))) keep(known);
  }
  return prune({ nested: all }, [])?.nested ?? {};

  function prune({ nested = {}, ...entry }, path) {
    const pruned = Object.entries(nested).map(([name, part]) => [name, prune(part, [...path, name])]);
    const left = pruned.filter(([, part]) => part !== undefined);
    if (!kept.has(path.join('.')) && left.length === 0) return undefined;
    const methods = entry.methods && { methods: methodsNamed(entry.methods, words) };
    return { ...entry, ...methods, ...(left.length > 0 ? { nested: Object.fromEntries(left) } : {}) };
  }
}

const isPackage = ({ nested, fields, methods }) => nested !== undefined && !fields && !methods;

/** As a client calls them: `DescribeSchedule` is `describeSchedule`. */
const methodsNamed = (methods = {}, words) =>
  Object.fromEntries(Object.entries(methods).filter(([name]) => words.has(name[0].toLowerCase() + name.slice(1))));
