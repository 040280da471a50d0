/**
 * Identifiers of traces and spans (W3C Trace Context). Each follows from what it is about, so that workers which have never
 * heard of one another put what they do into the same trace, and what is sent twice is the same span.
 */
import { createHash } from 'node:crypto';
import type { IdGenerator } from '@opentelemetry/sdk-trace-base';

const hexOf = (name: string, bytes: number): string =>
  createHash('sha256')
    .update(name)
    .digest('hex')
    .slice(0, bytes * 2);

/** A deployment is a trace: 16 bytes, as hexadecimal digits. */
export const traceOf = (deployment: string): string => hexOf(`trace ${deployment}`, 16);

/** 8 bytes. @param name unique within the deployment */
export const spanOf = (deployment: string, name: string): string => hexOf(`span ${deployment} ${name}`, 8);

/** Hands out the identifiers that it was told last: OpenTelemetry asks for them while a span starts. */
export class ChosenIdentifiers implements IdGenerator {
  private trace = '';
  private span = '';

  choose(trace: string, span: string): void {
    this.trace = trace;
    this.span = span;
  }

  generateTraceId(): string {
    return this.trace;
  }

  generateSpanId(): string {
    return this.span;
  }
}
