/**
 * Colours where a person looks: at a terminal that has not been told NO_COLOR (https://no-color.org), or anywhere with
 * FORCE_COLOR. A pipeline's log is no terminal, whatever CI says: its readers are programs as well.
 */
import picocolors from 'picocolors';

const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
const isForced = FORCE_COLOR !== undefined && FORCE_COLOR !== '0';

export default picocolors.createColors(isForced || (!NO_COLOR && process.stdout.isTTY === true && TERM !== 'dumb'));
