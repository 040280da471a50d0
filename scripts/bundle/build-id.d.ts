export function buildIdOf(version: string, bundles: string[], aside: string): string;
