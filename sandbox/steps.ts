import { writeSync } from "node:fs";
import { Listr, ListrLogger, ListrLogLevels, type ListrTask, PRESET_TIMER } from "listr2";

/** Says which step failed, and leaves why to whoever catches the error: the message would be there twice. */
class StepLogger extends ListrLogger {
    override log(...[level, message, options]: Parameters<ListrLogger["log"]>): void {
        super.log(level, message, level === ListrLogLevels.FAILED ? undefined : options);
    }
}

/**
 * Runs steps, showing each with its time: on a terminal as a list that is kept up to date, elsewhere line by line.
 *
 * @param onInterrupt what Ctrl-C does meanwhile, such as {@link endInterrupted}
 * @throws what the first step that failed threw
 */
export async function runSteps<T>(steps: ListrTask<T>[], onInterrupt: () => void): Promise<T> {
    process.on("SIGINT", onInterrupt);
    try {
        return await new Listr<T, "default", "simple">(steps, {
            registerSignalListeners: false,
            rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false },
            fallbackRendererOptions: { timer: PRESET_TIMER, logger: new StepLogger({ useIcons: true }) },
        }).run();
    } finally {
        process.removeListener("SIGINT", onInterrupt);
    }
}

/**
 * Ends this process after Ctrl-C, with exit code 130.
 *
 * @param next what to do now: the last line that is shown
 */
export function endInterrupted(next: string): never {
    // Not console.error: while it shows steps listr2 holds back whatever else is written, and the cursor.
    const showCursor = process.stdout.isTTY ? "\x1b[?25h" : "";
    writeSync(process.stderr.fd, `${showCursor}\nInterrupted. ${next}\n`);
    process.exit(130);
}
