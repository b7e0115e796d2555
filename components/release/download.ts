import { setTimeout as sleep } from "node:timers/promises";

/** How to fetch, and whom to tell about it. */
export interface DownloadOptions {
    /** Milliseconds for one attempt, from the request to the last byte. */
    readonly timeoutMs: number;
    /** Milliseconds before the second attempt; doubles with each further one. */
    readonly retryDelayMs: number;
    readonly log: (message: string) => void;
}

/** How often a download is tried in all where the fault may pass. */
const attempts = 3;
/** Whoever waits longer than this, in milliseconds, is told what for, and again after as long. */
const progressInterval = 2000;

/** A download that failed. `message` is the cause; `status` the HTTP status, where there was one. */
export class DownloadError extends Error {
    constructor(
        message: string,
        readonly transient: boolean,
        readonly status?: number,
    ) {
        super(message);
    }
}

/**
 * Fetches the bytes at an http(s) URL, which may carry a user and password; tries again after faults that may pass
 * (network, timeout, HTTP 408, 429 and 5xx).
 * @throws DownloadError
 */
export async function download(url: string, options: DownloadOptions): Promise<Buffer> {
    const shown = withoutCredentials(url);
    for (let attempt = 1; ; attempt++) {
        try {
            return await fetchOnce(url, shown, options);
        } catch (error) {
            if (!(error instanceof DownloadError) || !error.transient) {
                throw error;
            }
            if (attempt === attempts) {
                throw new DownloadError(`${error.message} (tried ${attempts} times)`, true, error.status);
            }
            options.log(`${shown}: ${error.message}; trying again (${attempt + 1} of ${attempts})`);
            await sleep(options.retryDelayMs * 2 ** (attempt - 1));
        }
    }
}

/** A URL as it may be shown and logged. */
export function withoutCredentials(url: string): string {
    const shown = new URL(url);
    shown.username = shown.password = "";
    return shown.href;
}

async function fetchOnce(url: string, shown: string, options: DownloadOptions): Promise<Buffer> {
    const { username, password } = new URL(url);
    // fetch refuses URLs with credentials in them.
    const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
    const headers: Record<string, string> = username
        ? { authorization: `Basic ${credentials.toString("base64")}` }
        : {};
    const chunks: Uint8Array[] = [];
    let received = 0;
    const started = Date.now();
    const progress = setInterval(() => {
        const seconds = Math.round((Date.now() - started) / 1000);
        options.log(`downloading ${shown}: ${(received / 1e6).toFixed(1)} MB after ${seconds} s`);
    }, progressInterval);
    try {
        const response = await fetch(shown, { headers, signal: AbortSignal.timeout(options.timeoutMs) });
        if (!response.ok || !response.body) {
            await response.body?.cancel();
            const transient = [408, 429].includes(response.status) || response.status >= 500;
            const cause = `HTTP status ${response.status} ${response.statusText}`.trim();
            throw new DownloadError(cause, transient, response.status);
        }
        for await (const chunk of response.body) {
            chunks.push(chunk);
            received += chunk.length;
        }
        return Buffer.concat(chunks);
    } catch (error) {
        throw error instanceof DownloadError ? error : networkFault(error, options.timeoutMs);
    } finally {
        clearInterval(progress);
    }
}

/** What went wrong below HTTP: fetch says only "fetch failed" and hides the reason in a chain of causes. */
function networkFault(error: unknown, timeoutMs: number): DownloadError {
    if (error instanceof Error && error.name === "TimeoutError") {
        return new DownloadError(`no complete answer within ${timeoutMs / 1000} s`, true);
    }
    let cause = error;
    while (cause instanceof Error && cause.cause) {
        cause = cause.cause;
    }
    // Several addresses tried in vain are one AggregateError with an empty message.
    const reason = cause instanceof AggregateError ? (cause.errors as unknown[])[0] : cause;
    const { code = "", message } = reason as NodeJS.ErrnoException;
    // A name that doesn't exist and a certificate that isn't trusted are as wrong a second later.
    const lasting = code === "ENOTFOUND" || /CERT|SELF_SIGNED|UNABLE_TO/.test(code);
    const text = code === "ENOTFOUND" ? `the host name can't be resolved (DNS): ${message}` : message;
    return new DownloadError(text || code || String(error), !lasting);
}
