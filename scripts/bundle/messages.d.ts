/** A package, message, enum or service, as protobufjs describes it. */
export interface Described {
  nested?: Record<string, Described>;
  fields?: Record<string, { type: string }>;
  methods?: Record<string, { requestType: string; responseType: string }>;
}

export function readMessages(code: string): { all: Record<string, Described>; without: string };
export function namedMessages(all: Record<string, Described>, code: string): Record<string, Described>;
