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
 * @throws what the first step that failed threw
 */
export async function runSteps<T>(steps: ListrTask<T>[]): Promise<void> {
    await new Listr<T, "default", "simple">(steps, {
        rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false, showErrorMessage: false },
        fallbackRendererOptions: { timer: PRESET_TIMER, logger: new StepLogger({ useIcons: true }) },
    }).run();
}
