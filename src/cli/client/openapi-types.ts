// Generated from docs/reference/openapi.json by `npm run openapi`.
export interface paths {
    readonly "/v1/jobs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List jobs, newest first
         * @description A filtered page may be short and still have a `nextCursor`.
         */
        readonly get: operations["listJobs"];
        readonly put?: never;
        /**
         * Submit an upload
         * @description Answers when the job is durable; the upload itself goes on without the client.
         */
        readonly post: operations["submitJob"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show a job, now or when it is settled */
        readonly get: operations["getJob"];
        readonly put?: never;
        readonly post?: never;
        /** Forget a settled job */
        readonly delete: operations["removeJob"];
        readonly options?: never;
        readonly head?: never;
        /**
         * Change a job, running or not
         * @description The ETag is of what can be changed here, whatever else happens to the job. Of a completed or cancelled job only the labels can change.
         */
        readonly patch: operations["changeJob"];
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}/parts": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List a job's parts by number */
        readonly get: operations["listParts"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}/pause": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Pause a job: parts in flight finish, nothing new starts
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["pauseJob"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume a paused job
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["resumeJob"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel a job and remove what it left in OSS
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["cancelJob"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Try a failed job again, keeping the parts that still fit
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["retryJob"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List batches, newest first */
        readonly get: operations["listBatches"];
        readonly put?: never;
        /**
         * Submit a directory, or a list of files
         * @description Answers when the batch is durable. The walk goes on without the client, and over a crash; every file that it comes upon becomes a job. The body may have up to 16 MiB.
         */
        readonly post: operations["submitBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show a batch with its totals */
        readonly get: operations["getBatch"];
        readonly put?: never;
        readonly post?: never;
        /**
         * Forget a settled batch and its jobs
         * @description Objects in OSS stay. Of a large batch the jobs go step by step before the answer comes; should the daemon end meanwhile, the rest goes after its next start.
         */
        readonly delete: operations["deleteBatch"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/jobs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List a batch's jobs, newest first
         * @description A filtered page may be short and still have a `nextCursor`.
         */
        readonly get: operations["listBatchJobs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/problems": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List what did not become jobs, and why */
        readonly get: operations["listBatchProblems"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/files": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** List what a dry run would have sent */
        readonly get: operations["listPlannedFiles"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/manifest": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Every job of a batch with its receipt or error, one JSON object per line
         * @description Newest first, and behind them jobs that were deleted before the batch, as they were then. Of a batch that is not settled: as far as it has come.
         */
        readonly get: operations["getBatchManifest"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/pause": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Pause a batch: the walk stops, parts in flight finish, nothing new starts
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["pauseBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume a paused batch
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["resumeBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel a batch: stop the walk, cancel every job that is not done
         * @description Idempotent: when the state is reached or under way already, nothing happens.
         */
        readonly post: operations["cancelBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/batches/{id}/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Try the failed jobs of a batch again
         * @description Idempotent: when the state is reached or under way already, nothing happens. Tries jobs, and does not walk again: what stands in `walk.problems` stays there, and the batch ends `failed` for it. Once its cause is gone, submit the directory again with `ifExists: skipSame`, which sends only what is missing.
         */
        readonly post: operations["retryBatch"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/wait": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Wait until everything that matches is settled
         * @description Answers 200 when nothing is pending any more, 202 when the time is up before that. Without a filter: what is not settled when the request comes, and what comes after. Paused jobs and those that are not yet due are pending; nothing that matches is nothing pending.
         */
        readonly get: operations["waitForJobs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/drain": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Take no new jobs, and finish the existing ones
         * @description Answers 200 when nothing is pending any more, 202 when the time is up before that. Submits are refused with 503 `draining` from now on, whatever this answers; a repeat goes on waiting. Counts what is not settled when the drain begins, and what comes after. Nothing of it is stored: it ends with DELETE or with the process.
         */
        readonly post: operations["drain"];
        /** Take new jobs again */
        readonly delete: operations["undoDrain"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Follow all jobs, one, those of a batch, or those with labels
         * @description Server-sent events. `Last-Event-ID` (or `after`) replays what came after it; when that is no longer kept, the first event is `reset`. Without a cursor the first event is `ready`, whose id says where the stream begins. `job.progress` has no id and is not replayed. A comment keeps the connection awake: there is no silence longer than 15 s.
         */
        readonly get: operations["streamEvents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/{id}/events": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Follow one job
         * @description Server-sent events. `Last-Event-ID` (or `after`) replays what came after it; when that is no longer kept, the first event is `reset`. Without a cursor the first event is `ready`, whose id says where the stream begins. `job.progress` has no id and is not replayed. A comment keeps the connection awake: there is no silence longer than 15 s.
         */
        readonly get: operations["streamJobEvents"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the messages to receivers of webhooks, newest first
         * @description Each is an event of a job that asked for a webhook. They are kept with their job; what is pending is delivered even when its job is gone.
         */
        readonly get: operations["listWebhooks"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/webhooks/{id}/redeliver": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Deliver a message again, now
         * @description Whatever its state; under the same `webhook-id`, so that a receiver that had it can tell.
         */
        readonly post: operations["redeliverWebhook"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/session": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Exchange a token for a cookie
         * @description For pages of this daemon. The cookie is HttpOnly and SameSite=Strict and ends after 12 hours or with its token; a restart of the daemon does not end it. Requests that it stands for and that change something need an Origin.
         */
        readonly post: operations["openSession"];
        /** End the session of the cookie */
        readonly delete: operations["closeSession"];
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/orphans": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the open multipart uploads in OSS, and say whose they are
         * @description By bucket, then key, those of jobs at work among them. Without `bucket`: of every bucket that jobs were made for. A page may be short and still have a `nextCursor`.
         */
        readonly get: operations["listOrphans"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/orphans/abort": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Remove open multipart uploads from OSS
         * @description Answers for each upload, in order. Those that an unsettled job needs are always refused, those that no job has without `force`.
         */
        readonly post: operations["abortOrphans"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stats": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * How the daemon is doing: totals, rates, waits
         * @description Costs the same however many jobs are stored, so it may be called every second.
         */
        readonly get: operations["getStats"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/stats/history": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Throughput of the last hour
         * @description Kept in memory: it begins with the daemon.
         */
        readonly get: operations["getStatsHistory"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/nodes": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * The daemons that work on the same jobs
         * @description With SQLite there is one. A daemon is listed from its first beat on, within three seconds of its start at the latest.
         */
        readonly get: operations["listNodes"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/version": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Which version answers */
        readonly get: operations["getVersion"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description The names are listed in docs/reference/metrics.md. While the database fails, what it knows is left out.
         */
        readonly get: operations["getMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/verbs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * List the verbs that were given to many jobs at once, newest first
         * @description Also those that were given to batches. They are forgotten with the jobs of their time.
         */
        readonly get: operations["listVerbs"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/verbs/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show how far a verb for many jobs has come */
        readonly get: operations["getVerb"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/pause": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Pause everything that matches
         * @description Without a filter: every job that there is now. Answers when it is durable; then the jobs are told in small steps, which goes on after a crash, and `Location` names the verb, which can be looked at. Each job is met once: what is asked of it afterwards stands, and `state` is the one that it has when it is met. Jobs that are made later are not meant. Batches that may still make jobs that match are paused, resumed or cancelled too, unless the filter names a source or states.
         */
        readonly post: operations["pauseJobs"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/resume": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Resume everything that matches
         * @description Without a filter: every job that there is now. Answers when it is durable; then the jobs are told in small steps, which goes on after a crash, and `Location` names the verb, which can be looked at. Each job is met once: what is asked of it afterwards stands, and `state` is the one that it has when it is met. Jobs that are made later are not meant. Batches that may still make jobs that match are paused, resumed or cancelled too, unless the filter names a source or states.
         */
        readonly post: operations["resumeJobs"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/cancel": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Cancel everything that matches and remove what it left in OSS
         * @description Without a filter: every job that there is now. Answers when it is durable; then the jobs are told in small steps, which goes on after a crash, and `Location` names the verb, which can be looked at. Each job is met once: what is asked of it afterwards stands, and `state` is the one that it has when it is met. Jobs that are made later are not meant. Batches that may still make jobs that match are paused, resumed or cancelled too, unless the filter names a source or states.
         */
        readonly post: operations["cancelJobs"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/jobs/retry": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * Try everything that failed and matches again, keeping the parts that still fit
         * @description Without a filter: every job that there is now. Answers when it is durable; then the jobs are told in small steps, which goes on after a crash, and `Location` names the verb, which can be looked at. Each job is met once: what is asked of it afterwards stands, and `state` is the one that it has when it is met. Jobs that are made later are not meant. Batches that may still make jobs that match are paused, resumed or cancelled too, unless the filter names a source or states.
         */
        readonly post: operations["retryJobs"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/v1/settings": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Show the live settings */
        readonly get: operations["getSettings"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        /**
         * Change live settings
         * @description Takes effect at once, also for what is in flight, and survives a restart. Null goes back to the environment.
         */
        readonly patch: operations["changeSettings"];
        readonly trace?: never;
    };
    readonly "/livez": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Does the process work?
         * @description The event loop and the database answer. A full disk is no reason to restart, nor is a lock that another process holds.
         */
        readonly get: operations["isLive"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/readyz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Can it take work?
         * @description Not while it drains, its disk is full or its database is down.
         */
        readonly get: operations["isReady"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export interface webhooks {
    readonly jobEvent: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly get?: never;
        readonly put?: never;
        /**
         * What the `webhook` of a job receives
         * @description Signed by Standard Webhooks: `v1,` and the HMAC-SHA256 of `<webhook-id>.<webhook-timestamp>.<body>`, in base64, under the secret of the daemon. It is tried for three days, the same bytes under the same id, until an answer is 2xx or 410.
         */
        readonly post: operations["receiveJobEvent"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export interface components {
    schemas: {
        /** @description A request to bring the files of a directory, or of a list, to a bucket. */
        readonly BatchRequest: {
            readonly source: {
                /** @description Absolute path of a directory below the source roots; everything in it is included. */
                readonly dir?: string;
                /** @description Globs against the path below `dir`: only files that match one are included. One without a slash matches names at any depth, `dir/` the directory and all below it; `*` stays within a directory, `**` does not. When nothing matches the batch fails with the problem `nothing_matched`. */
                readonly include?: readonly string[];
                /** @description Globs: files that match are left out, directories that match with all that is in them. */
                readonly exclude?: readonly string[];
                /** @description Follow symbolic links, never out of the source roots and never in a circle; passed over by default. */
                readonly followSymlinks?: boolean;
                /** @description Instead of `dir`: absolute paths. `key` is below the prefix; without one it is the name of the file. */
                readonly files?: readonly (string | {
                    readonly path: string;
                    readonly key?: string;
                })[];
            };
            readonly target: {
                readonly bucket: string;
                /** @description What every key begins with; gets its missing slash. Empty by default. */
                readonly prefix?: string;
            };
            /** @description Preferred bytes per part; doubled until the file fits 10,000 parts. */
            readonly partSize?: number;
            /** @description Files of at least so many bytes go in parts, smaller ones in one request. */
            readonly multipartThreshold?: number;
            /** @description Parts of this job in flight at once. */
            readonly parallel?: number;
            /** @description The most that this job may send per second, from 1KiB on; off or null: no limit of its own. */
            readonly bandwidth?: string | null;
            /** @description OSS's sequential mode: parts in order, one at a time. */
            readonly sequential?: boolean;
            /** @description Headers of the object: storage class, encryption, ACL, tagging, metadata, Cache-Control and so on, checked by the rules of OSS. Content-Type is guessed from the key when absent. */
            readonly headers?: {
                readonly [key: string]: string;
            };
            /**
             * @description What to do when the object exists; overwrite by default.
             * @enum {string}
             */
            readonly ifExists?: "overwrite" | "skip" | "skipSame" | "fail";
            /** @description Higher goes first; 0 by default. */
            readonly priority?: number;
            /** @description At most 16; names 1 to 63, values up to 255 characters. */
            readonly labels?: {
                readonly [key: string]: string;
            };
            /** @description The job waits until then. */
            readonly notBefore?: string | null;
            /** @description The job fails with `deadline` when it is not done by then. */
            readonly notAfter?: string | null;
            /**
             * @description fail (default), or restart at most three times when the source changes.
             * @enum {string}
             */
            readonly onSourceChange?: "fail" | "restart";
            /** @description Delete the source once the object is proven, if it is still the very file that was read. `sourceRemoval` tells; what keeps it never fails the job. */
            readonly deleteSource?: boolean;
            /** @description Whom OSS calls when the object is there. When the call fails the job fails with `callback_failed`, and has its receipt. */
            readonly callback?: {
                /** @description Where OSS posts: up to 5 URLs, separated by semicolons, tried until one answers 200. */
                readonly url: string;
                /** @description The Host of the call; the URL's by default. */
                readonly host?: string | null;
                /** @description What OSS posts, with variables: `bucket=${bucket}&object=${object}&size=${size}&run=${x:run}`. */
                readonly body: string;
                /**
                 * @description application/x-www-form-urlencoded by default.
                 * @enum {string}
                 */
                readonly bodyType?: "application/x-www-form-urlencoded" | "application/json";
                /** @description Values of variables: `run` or `x:run` stands for `${x:run}`. Names in lower case. */
                readonly vars?: {
                    readonly [key: string]: string;
                };
            } | null;
            /** @description Who receives news of the job, by Standard Webhooks. */
            readonly webhook?: {
                /** @description https, at a public address unless LONGSHORE_WEBHOOK_ALLOW names its host. */
                readonly url: string;
                /** @description Which events are sent; job.completed, job.failed, job.cancelled by default. */
                readonly events?: readonly ("job.queued" | "job.running" | "job.completing" | "job.completed" | "job.failed" | "job.paused" | "job.cancelling" | "job.cancelled" | "job.waiting" | "job.updated" | "job.deleted")[];
            } | null;
            /** @description Make no jobs: list what would be sent, at `/v1/batches/{id}/files`. */
            readonly dryRun?: boolean;
        };
        /** @description A request to bring one file to one object. */
        readonly JobRequest: {
            readonly source: {
                /** @description Absolute path of a regular file below the source roots. */
                readonly path: string;
            };
            readonly target: {
                readonly bucket: string;
                /** @description 1 to 1023 bytes in UTF-8. */
                readonly key: string;
            };
            /** @description Preferred bytes per part; doubled until the file fits 10,000 parts. */
            readonly partSize?: number;
            /** @description Files of at least so many bytes go in parts, smaller ones in one request. */
            readonly multipartThreshold?: number;
            /** @description Parts of this job in flight at once. */
            readonly parallel?: number;
            /** @description The most that this job may send per second, from 1KiB on; off or null: no limit of its own. */
            readonly bandwidth?: string | null;
            /** @description OSS's sequential mode: parts in order, one at a time. */
            readonly sequential?: boolean;
            /** @description Headers of the object: storage class, encryption, ACL, tagging, metadata, Cache-Control and so on, checked by the rules of OSS. Content-Type is guessed from the key when absent. */
            readonly headers?: {
                readonly [key: string]: string;
            };
            /**
             * @description What to do when the object exists; overwrite by default.
             * @enum {string}
             */
            readonly ifExists?: "overwrite" | "skip" | "skipSame" | "fail";
            /** @description Higher goes first; 0 by default. */
            readonly priority?: number;
            /** @description At most 16; names 1 to 63, values up to 255 characters. */
            readonly labels?: {
                readonly [key: string]: string;
            };
            /** @description The job waits until then. */
            readonly notBefore?: string | null;
            /** @description The job fails with `deadline` when it is not done by then. */
            readonly notAfter?: string | null;
            /**
             * @description fail (default), or restart at most three times when the source changes.
             * @enum {string}
             */
            readonly onSourceChange?: "fail" | "restart";
            /** @description Delete the source once the object is proven, if it is still the very file that was read. `sourceRemoval` tells; what keeps it never fails the job. */
            readonly deleteSource?: boolean;
            /** @description Whom OSS calls when the object is there. When the call fails the job fails with `callback_failed`, and has its receipt. */
            readonly callback?: {
                /** @description Where OSS posts: up to 5 URLs, separated by semicolons, tried until one answers 200. */
                readonly url: string;
                /** @description The Host of the call; the URL's by default. */
                readonly host?: string | null;
                /** @description What OSS posts, with variables: `bucket=${bucket}&object=${object}&size=${size}&run=${x:run}`. */
                readonly body: string;
                /**
                 * @description application/x-www-form-urlencoded by default.
                 * @enum {string}
                 */
                readonly bodyType?: "application/x-www-form-urlencoded" | "application/json";
                /** @description Values of variables: `run` or `x:run` stands for `${x:run}`. Names in lower case. */
                readonly vars?: {
                    readonly [key: string]: string;
                };
            } | null;
            /** @description Who receives news of the job, by Standard Webhooks. */
            readonly webhook?: {
                /** @description https, at a public address unless LONGSHORE_WEBHOOK_ALLOW names its host. */
                readonly url: string;
                /** @description Which events are sent; job.completed, job.failed, job.cancelled by default. */
                readonly events?: readonly ("job.queued" | "job.running" | "job.completing" | "job.completed" | "job.failed" | "job.paused" | "job.cancelling" | "job.cancelled" | "job.waiting" | "job.updated" | "job.deleted")[];
            } | null;
            /** @description CRC-64/XZ that the source must have, decimal. */
            readonly crc64?: string | null;
        };
        /** @description What to change in a job; fields that are absent stay as they are. A running job follows at once. */
        readonly JobChanges: {
            /** @description Higher goes first; 0 by default. */
            readonly priority?: number;
            /** @description Parts of this job in flight at once. */
            readonly parallel?: number;
            /** @description The most that this job may send per second, from 1KiB on; off or null: no limit of its own. */
            readonly bandwidth?: string | null;
            /** @description Replace all that the job has. */
            readonly labels?: {
                readonly [key: string]: string;
            };
            /** @description The job fails with `deadline` when it is not done by then: at once when that has passed. Null: whenever it is done. */
            readonly notAfter?: string | null;
        };
        /** @description Uploads to remove from OSS. */
        readonly OrphanAbortRequest: {
            /** @description As GET /v1/orphans shows them. */
            readonly uploads: readonly {
                readonly bucket: string;
                readonly key: string;
                readonly uploadId: string;
            }[];
            /**
             * @description Also remove uploads that no job of this daemon has.
             * @default false
             */
            readonly force: boolean;
            /**
             * @description Pay for the requests to OSS, as buckets whose owner does not want to pay ask for.
             * @constant
             */
            readonly payer?: "requester";
        };
        /** @description How long a drain is waited for, and what it counts. */
        readonly DrainRequest: {
            /**
             * @description How long to wait; at most 55.
             * @default 30
             */
            readonly timeoutSeconds: number;
            /** @description An instant, or a duration before now: `2026-01-01T00:00:00Z`, `1h`. Counts also what has settled since then. */
            readonly since?: string;
        } | null;
        /** @description A token to be remembered by a cookie. */
        readonly SessionRequest: {
            /** @description The token; or send it as a bearer token. */
            readonly token?: string;
        };
        /** @description What to change; fields that are absent stay as they are, and null goes back to what the environment says. */
        readonly SettingsChanges: {
            readonly concurrency?: number | null;
            readonly bandwidth?: string | null;
        };
        /** @description Jobs made together, watched and controlled as one. */
        readonly Batch: {
            readonly id: string;
            /**
             * @description failed: settled with a failed job or a problem of the walk. paused: nothing of it is moving.
             * @enum {string}
             */
            readonly state: "scanning" | "running" | "paused" | "cancelling" | "completed" | "failed" | "cancelled";
            /** @description Without `dir`: a list of files. */
            readonly source: {
                readonly dir?: string;
                readonly include?: readonly string[];
                readonly exclude?: readonly string[];
                readonly followSymlinks?: boolean;
            };
            readonly target: {
                readonly bucket: string;
                readonly prefix: string;
            };
            readonly dryRun: boolean;
            /** @description Jobs by state, those that were deleted since included. */
            readonly totals: {
                readonly jobs: number;
                readonly queued: number;
                readonly running: number;
                readonly completing: number;
                readonly paused: number;
                readonly cancelling: number;
                /** @description With those that were skipped. */
                readonly completed: number;
                readonly failed: number;
                readonly cancelled: number;
                /** @description Completed without sending anything, by `ifExists`. */
                readonly skipped: number;
                readonly bytesTotal: number;
                readonly bytesUploaded: number;
                /** @description On their way to OSS; 0 in stored events. */
                readonly bytesInFlight: number;
            };
            readonly walk: {
                readonly done: boolean;
                /** @description Files that became jobs (in a dry run: would have), and problems. */
                readonly seen: number;
                readonly problemCount: number;
                /** @description The first 100; all of them are at `/v1/batches/{id}/problems`. */
                readonly problems: readonly components["schemas"]["BatchProblem"][];
            };
            readonly labels: {
                readonly [key: string]: string;
            };
            /** Format: date-time */
            readonly createdAt: string;
            /** @description Set when the batch is settled: completed, failed or cancelled. */
            readonly finishedAt: string | null;
            readonly priority: number;
            readonly options: components["schemas"]["BatchOptions"];
        };
        /** @description A verb for many jobs, on its way from job to job. */
        readonly BulkVerb: {
            readonly id: string;
            /** @enum {string} */
            readonly verb: "pause" | "resume" | "cancel" | "retry";
            /**
             * @description completed: it has met all of its jobs. replaced: a later verb for the same jobs took its place.
             * @enum {string}
             */
            readonly state: "running" | "completed" | "replaced";
            /** @description What the jobs must match. Empty: every job. */
            readonly filter: {
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                readonly batch?: string;
                readonly label?: readonly string[];
                readonly source?: string;
            };
            /** @description The name of the token that gave it. */
            readonly by: string | null;
            /** @description Jobs that had a use for it when it began. */
            readonly jobs: number;
            /** @description Batches that were told, so that they make no job that is otherwise. */
            readonly batches: number;
            /** @description Jobs that it has changed until now. */
            readonly changed: number;
            /** @description Jobs that it could not change: the source of a retry is gone, or another job is writing the same object. */
            readonly refused: number;
            /** Format: date-time */
            readonly createdAt: string;
            readonly finishedAt: string | null;
        };
        readonly BulkVerbPage: {
            readonly items: readonly components["schemas"]["BulkVerb"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        /** @description What was asked for, with every default resolved: it can be sent again in a request. */
        readonly BatchOptions: {
            readonly headers: {
                readonly [key: string]: string;
            };
            /** @enum {string} */
            readonly ifExists: "overwrite" | "skip" | "skipSame" | "fail";
            readonly partSize: number;
            readonly multipartThreshold: number;
            readonly parallel: number;
            readonly sequential: boolean;
            /** @enum {string} */
            readonly onSourceChange: "fail" | "restart";
            readonly notBefore: string | null;
            readonly notAfter: string | null;
            /** @description As it was asked for; null: no limit of its own. */
            readonly bandwidth: string | null;
            readonly deleteSource: boolean;
            readonly callback: {
                readonly url: string;
                readonly host: string | null;
                readonly body: string;
                /** @enum {string} */
                readonly bodyType: "application/x-www-form-urlencoded" | "application/json";
                readonly vars: {
                    readonly [key: string]: string;
                };
            } | null;
            readonly webhook: {
                /** @description Without its query, which may be a secret. */
                readonly url: string;
                readonly events: readonly string[];
            } | null;
        };
        readonly BatchPage: {
            readonly items: readonly components["schemas"]["Batch"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        /** @description Why a file or directory did not become jobs. */
        readonly BatchProblem: {
            /** @description A name that is not UTF-8 has `\xNN` for its bytes that are not ASCII. */
            readonly path: string;
            /** @enum {string} */
            readonly code: "source_unavailable" | "directory_unreadable" | "name_not_utf8" | "key_invalid" | "key_taken" | "target_busy" | "source_too_large" | "nothing_matched";
            readonly message: string;
            /** @description The job in the way (target_busy). */
            readonly jobId: string | null;
        };
        readonly BatchProblemPage: {
            readonly items: readonly components["schemas"]["BatchProblem"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        /** @description One source on its way to one object. */
        readonly Job: {
            readonly id: string;
            /** @enum {string} */
            readonly state: "queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled";
            /** @description Why an unsettled job is not moving. */
            readonly waiting: ("backoff" | "endpoint" | "credentials" | "storage" | "source" | "notBefore" | "node") | null;
            readonly source: {
                readonly path: string;
                readonly size: number;
            };
            readonly target: {
                readonly bucket: string;
                readonly key: string;
            };
            readonly batchId: string | null;
            readonly priority: number;
            /** @description Parts in flight at once. */
            readonly parallel: number;
            /** @description Bytes per second that the job may send by itself; null: no limit of its own. */
            readonly bandwidth: number | null;
            readonly labels: {
                readonly [key: string]: string;
            };
            readonly upload: {
                /** @description Null before the start. */
                readonly mode: ("put" | "multipart") | null;
                readonly uploadId: string | null;
                readonly partSize: number | null;
                readonly partCount: number | null;
            };
            readonly outcome: ("uploaded" | "skipped") | null;
            readonly progress: components["schemas"]["Progress"];
            /** @description The proof of a completed job. */
            readonly receipt: {
                readonly size: number;
                /** @description CRC-64/XZ, decimal. */
                readonly crc64: string;
                /** @description OSS's CRC-64 of the whole object. */
                readonly serverCrc64: string | null;
                /** @enum {string} */
                readonly proof: "object" | "parts";
                readonly etag: string;
                readonly versionId: string | null;
                readonly requestId: string | null;
                /** Format: date-time */
                readonly completedAt: string;
            } | null;
            /** @description What became of the source of a job with `deleteSource`; null before, and without. */
            readonly sourceRemoval: {
                /** @enum {string} */
                readonly state: "removed" | "kept";
                /** @description Why the source was kept. */
                readonly note: string | null;
            } | null;
            /** @description Why the job failed; of one that is cancelling, what OSS says against the removal of its upload. */
            readonly error: {
                /** @enum {string} */
                readonly code: "source_changed" | "source_missing" | "source_unreadable" | "object_exists" | "access_denied" | "no_such_bucket" | "bad_request" | "integrity" | "too_many_attempts" | "deadline" | "callback_failed";
                readonly message: string;
                readonly ossCode: string | null;
                readonly requestId: string | null;
            } | null;
            /** @description The upload of a cancelled job that OSS refused to remove: listed as an orphan, and removed once that is allowed. Null when nothing is left. */
            readonly leftover: {
                readonly uploadId: string;
                /** @description What OSS said. */
                readonly reason: string;
            } | null;
            /** @description Charged tries since the last retry. */
            readonly attempts: number;
            /** @description How many runs the job has had. */
            readonly runs: number;
            /** Format: date-time */
            readonly createdAt: string;
            readonly startedAt: string | null;
            /** @description Set when the job is settled: completed, failed or cancelled. */
            readonly finishedAt: string | null;
            /** @description What the job was asked to wait for, also when it has passed. */
            readonly notBefore: string | null;
            /** @description Grows with every change by PATCH: the ETag is `"v<version>"`. */
            readonly version: number;
            readonly options: components["schemas"]["JobOptions"];
            /** @description The node that works on the job at this moment. */
            readonly node: string | null;
            /** @description The node that sees the source; null: any node does. */
            readonly place: string | null;
        };
        /** @description The nodes that work on the same jobs, sorted by id. */
        readonly Nodes: {
            readonly items: readonly {
                readonly id: string;
                /**
                 * @description `away`: it was not heard of for the length of a lease.
                 * @enum {string}
                 */
                readonly state: "live" | "draining" | "away";
                readonly version: string;
                /** @description The version of the database schema that it works with. */
                readonly schema: number;
                /** @description Where its control API listens. */
                readonly address: string | null;
                /** Format: date-time */
                readonly startedAt: string;
                /** Format: date-time */
                readonly heardAt: string;
                /** @description Jobs that it is working on. */
                readonly runs: number;
                /** @description Parts and puts that it may have in flight. */
                readonly slots: number;
                /** @description Threads that send. */
                readonly lanes: number;
                readonly bytesPerSecond: number;
                readonly roots: readonly string[];
                /** @description Those of the roots that other nodes see too. */
                readonly sharedRoots: readonly string[];
                /** @description In what it differs from other nodes that are there. */
                readonly differences: readonly string[];
            }[];
        };
        readonly JobPage: {
            readonly items: readonly components["schemas"]["Job"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        /** @description What was asked for, with every default resolved: it can be sent again in a request. */
        readonly JobOptions: {
            readonly headers: {
                readonly [key: string]: string;
            };
            /** @enum {string} */
            readonly ifExists: "overwrite" | "skip" | "skipSame" | "fail";
            readonly partSize: number;
            readonly multipartThreshold: number;
            readonly parallel: number;
            readonly sequential: boolean;
            /** @enum {string} */
            readonly onSourceChange: "fail" | "restart";
            readonly notBefore: string | null;
            readonly notAfter: string | null;
            /** @description As it was asked for; null: no limit of its own. */
            readonly bandwidth: string | null;
            readonly deleteSource: boolean;
            readonly callback: {
                readonly url: string;
                readonly host: string | null;
                readonly body: string;
                /** @enum {string} */
                readonly bodyType: "application/x-www-form-urlencoded" | "application/json";
                readonly vars: {
                    readonly [key: string]: string;
                };
            } | null;
            readonly webhook: {
                /** @description Without its query, which may be a secret. */
                readonly url: string;
                readonly events: readonly string[];
            } | null;
            readonly crc64: string | null;
        };
        /** @description `data:` of job.progress, which has no id and is never stored. */
        readonly JobProgress: {
            readonly jobId: string;
            readonly progress: components["schemas"]["Progress"];
        };
        /** @description `data:` of a stored event: `job` as it was then, `part` for part.uploaded, `batch` for batch.completed (settled, however it ended) and batch.deleted. */
        readonly Event: {
            /** @description Opaque; what Last-Event-ID takes. */
            readonly id: string;
            /** @enum {string} */
            readonly type: "job.queued" | "job.running" | "job.completing" | "job.completed" | "job.failed" | "job.paused" | "job.cancelling" | "job.cancelled" | "job.waiting" | "job.updated" | "job.deleted" | "part.uploaded" | "batch.completed" | "batch.deleted";
            /** Format: date-time */
            readonly at: string;
            /** @description Null for batch.completed and batch.deleted. */
            readonly jobId: string | null;
            readonly batchId: string | null;
            /** @description The name of the token whose request it was. */
            readonly by?: string;
            readonly job?: components["schemas"]["EventJob"];
            readonly part?: components["schemas"]["Part"];
            readonly batch?: components["schemas"]["EventBatch"];
        };
        /** @description A batch as it was then, without its options. */
        readonly EventBatch: {
            readonly id: string;
            /**
             * @description failed: settled with a failed job or a problem of the walk. paused: nothing of it is moving.
             * @enum {string}
             */
            readonly state: "scanning" | "running" | "paused" | "cancelling" | "completed" | "failed" | "cancelled";
            /** @description Without `dir`: a list of files. */
            readonly source: {
                readonly dir?: string;
                readonly include?: readonly string[];
                readonly exclude?: readonly string[];
                readonly followSymlinks?: boolean;
            };
            readonly target: {
                readonly bucket: string;
                readonly prefix: string;
            };
            readonly dryRun: boolean;
            /** @description Jobs by state, those that were deleted since included. */
            readonly totals: {
                readonly jobs: number;
                readonly queued: number;
                readonly running: number;
                readonly completing: number;
                readonly paused: number;
                readonly cancelling: number;
                /** @description With those that were skipped. */
                readonly completed: number;
                readonly failed: number;
                readonly cancelled: number;
                /** @description Completed without sending anything, by `ifExists`. */
                readonly skipped: number;
                readonly bytesTotal: number;
                readonly bytesUploaded: number;
                /** @description On their way to OSS; 0 in stored events. */
                readonly bytesInFlight: number;
            };
            readonly walk: {
                readonly done: boolean;
                /** @description Files that became jobs (in a dry run: would have), and problems. */
                readonly seen: number;
                readonly problemCount: number;
                /** @description The first 100; all of them are at `/v1/batches/{id}/problems`. */
                readonly problems: readonly components["schemas"]["BatchProblem"][];
            };
            readonly labels: {
                readonly [key: string]: string;
            };
            /** Format: date-time */
            readonly createdAt: string;
            /** @description Set when the batch is settled: completed, failed or cancelled. */
            readonly finishedAt: string | null;
        };
        /** @description A job as it was then, without its options. */
        readonly EventJob: {
            readonly id: string;
            /** @enum {string} */
            readonly state: "queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled";
            /** @description Why an unsettled job is not moving. */
            readonly waiting: ("backoff" | "endpoint" | "credentials" | "storage" | "source" | "notBefore" | "node") | null;
            readonly source: {
                readonly path: string;
                readonly size: number;
            };
            readonly target: {
                readonly bucket: string;
                readonly key: string;
            };
            readonly batchId: string | null;
            readonly priority: number;
            /** @description Parts in flight at once. */
            readonly parallel: number;
            /** @description Bytes per second that the job may send by itself; null: no limit of its own. */
            readonly bandwidth: number | null;
            readonly labels: {
                readonly [key: string]: string;
            };
            readonly upload: {
                /** @description Null before the start. */
                readonly mode: ("put" | "multipart") | null;
                readonly uploadId: string | null;
                readonly partSize: number | null;
                readonly partCount: number | null;
            };
            readonly outcome: ("uploaded" | "skipped") | null;
            readonly progress: components["schemas"]["Progress"];
            /** @description The proof of a completed job. */
            readonly receipt: {
                readonly size: number;
                /** @description CRC-64/XZ, decimal. */
                readonly crc64: string;
                /** @description OSS's CRC-64 of the whole object. */
                readonly serverCrc64: string | null;
                /** @enum {string} */
                readonly proof: "object" | "parts";
                readonly etag: string;
                readonly versionId: string | null;
                readonly requestId: string | null;
                /** Format: date-time */
                readonly completedAt: string;
            } | null;
            /** @description What became of the source of a job with `deleteSource`; null before, and without. */
            readonly sourceRemoval: {
                /** @enum {string} */
                readonly state: "removed" | "kept";
                /** @description Why the source was kept. */
                readonly note: string | null;
            } | null;
            /** @description Why the job failed; of one that is cancelling, what OSS says against the removal of its upload. */
            readonly error: {
                /** @enum {string} */
                readonly code: "source_changed" | "source_missing" | "source_unreadable" | "object_exists" | "access_denied" | "no_such_bucket" | "bad_request" | "integrity" | "too_many_attempts" | "deadline" | "callback_failed";
                readonly message: string;
                readonly ossCode: string | null;
                readonly requestId: string | null;
            } | null;
            /** @description The upload of a cancelled job that OSS refused to remove: listed as an orphan, and removed once that is allowed. Null when nothing is left. */
            readonly leftover: {
                readonly uploadId: string;
                /** @description What OSS said. */
                readonly reason: string;
            } | null;
            /** @description Charged tries since the last retry. */
            readonly attempts: number;
            /** @description How many runs the job has had. */
            readonly runs: number;
            /** Format: date-time */
            readonly createdAt: string;
            readonly startedAt: string | null;
            /** @description Set when the job is settled: completed, failed or cancelled. */
            readonly finishedAt: string | null;
            /** @description What the job was asked to wait for, also when it has passed. */
            readonly notBefore: string | null;
            /** @description Grows with every change by PATCH: the ETag is `"v<version>"`. */
            readonly version: number;
        };
        /** @description A multipart upload that is open in OSS. */
        readonly Orphan: {
            readonly bucket: string;
            readonly key: string;
            readonly uploadId: string;
            /**
             * @description ours: of a job of this daemon; possible: one of our requests to begin it may have gone unanswered; unknown: all else.
             * @enum {string}
             */
            readonly owner: "ours" | "possible" | "unknown";
            /** @description The job that it belongs to, or may have come from. */
            readonly jobId: string | null;
            /** @description Of the job that has this upload. */
            readonly jobState: ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled") | null;
            /** Format: date-time */
            readonly initiatedAt: string;
            readonly ageSeconds: number;
            /** @description Held by OSS; null when they were not counted. */
            readonly bytes: number | null;
        };
        readonly OrphanAbortAnswers: {
            readonly items: readonly {
                readonly bucket: string;
                readonly key: string;
                readonly uploadId: string;
                /**
                 * @description gone: OSS did not know it any more; failed: OSS did not do it, try again.
                 * @enum {string}
                 */
                readonly result: "aborted" | "gone" | "refused" | "failed";
                /** @description Why it was refused or failed. */
                readonly reason: string | null;
            }[];
        };
        readonly OrphanPage: {
            readonly items: readonly components["schemas"]["Orphan"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        readonly Part: {
            readonly partNumber: number;
            readonly offset: number;
            readonly size: number;
            /** @enum {string} */
            readonly state: "pending" | "uploaded" | "uploading";
            readonly etag: string | null;
            readonly crc64: string | null;
            /** @description Tries that this part took; 0 when it was found in OSS. */
            readonly attempts: number;
            readonly uploadedAt: string | null;
        };
        readonly PartPage: {
            readonly items: readonly components["schemas"]["Part"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        readonly PlannedFile: {
            readonly path: string;
            readonly key: string;
            readonly size: number;
        };
        readonly PlannedFilePage: {
            readonly items: readonly components["schemas"]["PlannedFile"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
        readonly Probe: {
            /** @constant */
            readonly status: "ok";
            /** @description What was looked at, by name. */
            readonly checks: {
                readonly [key: string]: {
                    readonly ok: boolean;
                    /** @enum {string} */
                    readonly code?: "invalid_request" | "unauthorized" | "forbidden" | "target_not_allowed" | "job_not_found" | "batch_not_found" | "webhook_not_found" | "verb_not_found" | "not_found" | "method_not_allowed" | "invalid_state" | "target_busy" | "precondition_failed" | "request_timeout" | "payload_too_large" | "unsupported_media_type" | "misdirected" | "source_unavailable" | "idempotency_mismatch" | "rate_limited" | "head_too_large" | "queue_full" | "internal" | "oss_refused" | "oss_unavailable" | "draining" | "storage_full" | "storage_unavailable";
                };
            };
        };
        /** @description A probe that fails: problem details with what was looked at. */
        readonly ProbeProblem: {
            /** @constant */
            readonly type: "about:blank";
            readonly title: string;
            readonly status: number;
            /** @description What happened and what to do, for people. */
            readonly detail: string;
            /**
             * @description Stable; what programs go by.
             * @enum {string}
             */
            readonly code: "invalid_request" | "unauthorized" | "forbidden" | "target_not_allowed" | "job_not_found" | "batch_not_found" | "webhook_not_found" | "verb_not_found" | "not_found" | "method_not_allowed" | "invalid_state" | "target_busy" | "precondition_failed" | "request_timeout" | "payload_too_large" | "unsupported_media_type" | "misdirected" | "source_unavailable" | "idempotency_mismatch" | "rate_limited" | "head_too_large" | "queue_full" | "internal" | "oss_refused" | "oss_unavailable" | "draining" | "storage_full" | "storage_unavailable";
            /** @description The offending fields. */
            readonly errors?: readonly {
                readonly path: string;
                readonly message: string;
            }[];
            /** @description The job that stands in the way (target_busy). */
            readonly jobId?: string;
            /** @description What was looked at, by name. */
            readonly checks: {
                readonly [key: string]: {
                    readonly ok: boolean;
                    /** @enum {string} */
                    readonly code?: "invalid_request" | "unauthorized" | "forbidden" | "target_not_allowed" | "job_not_found" | "batch_not_found" | "webhook_not_found" | "verb_not_found" | "not_found" | "method_not_allowed" | "invalid_state" | "target_busy" | "precondition_failed" | "request_timeout" | "payload_too_large" | "unsupported_media_type" | "misdirected" | "source_unavailable" | "idempotency_mismatch" | "rate_limited" | "head_too_large" | "queue_full" | "internal" | "oss_refused" | "oss_unavailable" | "draining" | "storage_full" | "storage_unavailable";
                };
            };
        };
        /** @description RFC 9457 problem details. */
        readonly Problem: {
            /** @constant */
            readonly type: "about:blank";
            readonly title: string;
            readonly status: number;
            /** @description What happened and what to do, for people. */
            readonly detail: string;
            /**
             * @description Stable; what programs go by.
             * @enum {string}
             */
            readonly code: "invalid_request" | "unauthorized" | "forbidden" | "target_not_allowed" | "job_not_found" | "batch_not_found" | "webhook_not_found" | "verb_not_found" | "not_found" | "method_not_allowed" | "invalid_state" | "target_busy" | "precondition_failed" | "request_timeout" | "payload_too_large" | "unsupported_media_type" | "misdirected" | "source_unavailable" | "idempotency_mismatch" | "rate_limited" | "head_too_large" | "queue_full" | "internal" | "oss_refused" | "oss_unavailable" | "draining" | "storage_full" | "storage_unavailable";
            /** @description The offending fields. */
            readonly errors?: readonly {
                readonly path: string;
                readonly message: string;
            }[];
            /** @description The job that stands in the way (target_busy). */
            readonly jobId?: string;
        };
        readonly Progress: {
            readonly bytesTotal: number;
            /** @description Bytes that OSS has acknowledged. */
            readonly bytesUploaded: number;
            readonly bytesInFlight: number;
            readonly partsTotal: number | null;
            readonly partsUploaded: number;
            readonly bytesPerSecond: number | null;
            readonly etaSeconds: number | null;
        };
        /** @description Whose token the cookie stands for. */
        readonly Session: {
            /** @description What events call the holder of the token; null where none is needed. */
            readonly name: string | null;
            /** @enum {string} */
            readonly scope: "read" | "submit" | "admin";
        };
        /** @description The settings that can be changed while the daemon runs. */
        readonly Settings: {
            /** @description Parts and puts in flight in the daemon. */
            readonly concurrency: number;
            /** @description As it was given: a size, off, or a timetable. */
            readonly bandwidth: string;
            /** @description What the bandwidth allows just now; null: no limit. */
            readonly bytesPerSecond: number | null;
            /** @description Where each value comes from: `stored` was set by PATCH and outlives restarts. */
            readonly origins: {
                /** @enum {string} */
                readonly concurrency: "environment" | "stored";
                /** @enum {string} */
                readonly bandwidth: "environment" | "stored";
            };
            /** @description What null goes back to. */
            readonly environment: {
                /** @description Parts and puts in flight in the daemon. */
                readonly concurrency: number;
                /** @description As it was given: a size, off, or a timetable. */
                readonly bandwidth: string;
            };
        };
        /** @description How the daemon is doing. */
        readonly Stats: {
            /** @description Stored jobs by state. */
            readonly jobs: {
                readonly queued: number;
                readonly running: number;
                readonly completing: number;
                readonly paused: number;
                readonly failed: number;
                readonly cancelling: number;
                readonly completed: number;
                readonly cancelled: number;
            };
            /** @description Unsettled jobs' bytes that OSS does not hold yet. */
            readonly bytesPending: number;
            /** @description Of `bytesPending`, those of jobs that are to go now: neither paused nor cancelling, nor before their time. */
            readonly bytesDue: number;
            /** @description Jobs that wait for an instant, by reason. */
            readonly waiting: {
                readonly backoff: number;
                readonly endpoint: number;
                readonly credentials: number;
                readonly storage: number;
                readonly source: number;
                readonly notBefore: number;
                /** @description Always 0, because it is not stored: the answer about a job says it. */
                readonly node: number;
            };
            /** @description Since when the oldest job that could be claimed has been ready; null and 0 when none is. */
            readonly queue: {
                readonly oldestReadyAt: string | null;
                readonly ageSeconds: number;
            };
            /** @description Messages of the outbox, and how long the oldest pending one has been tried. */
            readonly webhooks: {
                readonly pending: number;
                readonly delivered: number;
                readonly failed: number;
                readonly oldestPendingAt: string | null;
                readonly ageSeconds: number;
            };
            /** @description The database and its write-ahead log on disk. */
            readonly storage: {
                readonly databaseBytes: number;
                readonly walBytes: number;
            } | null;
            /** @description Jobs that a run is working on. */
            readonly runs: number;
            /** @description New jobs are refused. */
            readonly draining: boolean;
            /** @description Handed to the network each second, over the last five. */
            readonly bytesPerSecond: number;
            /** @description What OSS acknowledged since this daemon started; `objects` went in one piece. */
            readonly uploaded: {
                /** Format: date-time */
                readonly since: string;
                readonly bytes: number;
                readonly parts: number;
                readonly objects: number;
            };
            /** @description Parts and puts in flight, and how many may be. */
            readonly slots: {
                readonly inUse: number;
                readonly limit: number;
            };
            /** @description Each endpoint and bucket that was sent to. */
            readonly endpoints: readonly {
                readonly endpoint: string;
                readonly bucket: string;
                /**
                 * @description open: nothing is sent until a probe is due; halfOpen: one is under way.
                 * @enum {string}
                 */
                readonly breaker: "closed" | "open" | "halfOpen";
                readonly inFlight: number;
                /** @description Parts and puts that may be in flight to it now. */
                readonly limit: number;
            }[];
            /** @description What each thread that moves bytes has in flight; how many died. */
            readonly lanes: {
                readonly inFlight: readonly number[];
                readonly replaced: number;
            };
            /** @description Whether there are keys to sign with; null when they name no expiry. */
            readonly credentials: {
                readonly available: boolean;
                readonly expiresAt: string | null;
            };
        };
        /** @description What went to OSS, step by step. */
        readonly StatsHistory: {
            /** @description Length of a step: 1 s for ranges up to 6 minutes, 10 s for an hour. */
            readonly stepSeconds: number;
            /** @description Oldest first, none from before the daemon started. The last step is still under way. */
            readonly items: readonly {
                /**
                 * Format: date-time
                 * @description When the step began.
                 */
                readonly at: string;
                /** @description Handed to the network each second. */
                readonly bytesPerSecond: number;
                /** @description Jobs that completed each second. */
                readonly filesPerSecond: number;
                /** @description Jobs that failed within the step. */
                readonly failed: number;
            }[];
        };
        readonly StreamData: components["schemas"]["Event"] | components["schemas"]["JobProgress"] | components["schemas"]["StreamReady"] | components["schemas"]["StreamReset"];
        /** @description `data:` of ready, the first event of a stream without a cursor; its id says where the stream begins. */
        readonly StreamReady: {
            readonly id: string;
            /** @constant */
            readonly type: "ready";
            /** Format: date-time */
            readonly at: string;
        };
        /** @description `data:` of reset, the first event of a stream whose cursor is no longer kept: read what you show anew. */
        readonly StreamReset: {
            /** @constant */
            readonly type: "reset";
            readonly lastId: string;
        };
        readonly Version: {
            readonly version: string;
            readonly commit: string | null;
        };
        /** @description How many jobs that match are not settled, and how the others ended. */
        readonly WaitCounts: {
            readonly pending: number;
            readonly completed: number;
            readonly failed: number;
            readonly cancelled: number;
        };
        /** @description A message to a receiver of webhooks. */
        readonly Webhook: {
            /** @description Of the event that it tells; its `webhook-id` at every try. */
            readonly id: string;
            readonly jobId: string;
            readonly type: string;
            /** @description Without its query. */
            readonly url: string;
            /** @enum {string} */
            readonly state: "pending" | "delivered" | "failed";
            /** @description Tries so far, since it was last asked for. */
            readonly attempts: number;
            /** Format: date-time */
            readonly createdAt: string;
            /** @description Set while it is pending. */
            readonly nextAttemptAt: string | null;
            readonly lastAttempt: {
                /** Format: date-time */
                readonly at: string;
                /** @description HTTP status; null when there was no answer. */
                readonly status: number | null;
                /** @description Why it failed. */
                readonly reason: string | null;
            } | null;
        };
        /** @description What is sent to the `webhook` of a job. */
        readonly WebhookMessage: {
            /** @enum {string} */
            readonly type: "job.queued" | "job.running" | "job.completing" | "job.completed" | "job.failed" | "job.paused" | "job.cancelling" | "job.cancelled" | "job.waiting" | "job.updated" | "job.deleted";
            /**
             * Format: date-time
             * @description When it happened.
             */
            readonly timestamp: string;
            readonly data: {
                readonly job: components["schemas"]["EventJob"];
            };
        };
        readonly WebhookPage: {
            readonly items: readonly components["schemas"]["Webhook"][];
            /** @description Null at the end. */
            readonly nextCursor: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    readonly listJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
                /** @description May repeat or hold commas. */
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                /** @description Path of the source; with a `/` at its end everything below that directory. */
                readonly source?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description Only of this batch. */
                readonly batch?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["JobPage"];
                };
            };
        };
    };
    readonly submitJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description A repeat with the same key and body makes nothing and answers the job that was made; it lives as long as the job. */
                readonly "idempotency-key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["JobRequest"];
            };
        };
        readonly responses: {
            /** @description Made, and durable. `Location` names it; `Idempotency-Replayed: true` tells that it was made before. */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly getJob: {
        readonly parameters: {
            readonly query?: {
                /** @description Answer when the job is settled, at the latest after this duration: `30`, `250ms`, `30s`, `5m`, `1h`. A longer one counts as 55 s. */
                readonly wait?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly removeJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Removed. */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly changeJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description Changes nothing (412) unless the job still has this ETag. */
                readonly "if-match"?: string;
            };
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["JobChanges"];
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly listParts: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PartPage"];
                };
            };
        };
    };
    readonly pauseJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly resumeJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly cancelJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly retryJob: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Job"];
                };
            };
        };
    };
    readonly listBatches: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BatchPage"];
                };
            };
        };
    };
    readonly submitBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: {
                /** @description A repeat with the same key and body makes nothing and answers the job that was made; it lives as long as the job. */
                readonly "idempotency-key"?: string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["BatchRequest"];
            };
        };
        readonly responses: {
            /** @description Made, and durable. `Location` names it; `Idempotency-Replayed: true` tells that it was made before. */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    readonly getBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    readonly deleteBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Removed. */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly listBatchJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
                /** @description May repeat or hold commas. */
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                /** @description Path of the source; with a `/` at its end everything below that directory. */
                readonly source?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["JobPage"];
                };
            };
        };
    };
    readonly listBatchProblems: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BatchProblemPage"];
                };
            };
        };
    };
    readonly listPlannedFiles: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["PlannedFilePage"];
                };
            };
        };
    };
    readonly getBatchManifest: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/x-ndjson": string;
                };
            };
        };
    };
    readonly pauseBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    readonly resumeBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    readonly cancelBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    readonly retryBatch: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Batch"];
                };
            };
        };
    };
    readonly waitForJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description May repeat or hold commas. */
                readonly job?: readonly string[];
                /** @description Only of this batch. */
                readonly batch?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description An instant, or a duration before now: `2026-01-01T00:00:00Z`, `1h`. With another filter: only jobs that were made since then. Without one: counts also what has settled since then. */
                readonly since?: string;
                /** @description How long to wait: `30`, `250ms`, `30s`, `5m`, `1h`. A longer duration counts as 55 s. */
                readonly timeout?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WaitCounts"];
                };
            };
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WaitCounts"];
                };
            };
        };
    };
    readonly drain: {
        readonly parameters: {
            readonly query?: {
                /** @description An instant, or a duration before now: `2026-01-01T00:00:00Z`, `1h`. With another filter: only jobs that were made since then. Without one: counts also what has settled since then. */
                readonly since?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["DrainRequest"];
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WaitCounts"];
                };
            };
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WaitCounts"];
                };
            };
        };
    };
    readonly undoDrain: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Removed. */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly streamEvents: {
        readonly parameters: {
            readonly query?: {
                /** @description Events of one job only. */
                readonly job?: string;
                /** @description Events of one batch and its jobs only. */
                readonly batch?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description Event id after which to go on, or `oldest` for all that is kept; Last-Event-ID wins. */
                readonly after?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": string;
                };
            };
        };
    };
    readonly streamJobEvents: {
        readonly parameters: {
            readonly query?: {
                /** @description Event id after which to go on, or `oldest` for all that is kept; Last-Event-ID wins. */
                readonly after?: string;
            };
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": string;
                };
            };
        };
    };
    readonly listWebhooks: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
                /** @description Of one job only. */
                readonly job?: string;
                readonly state?: "pending" | "delivered" | "failed";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["WebhookPage"];
                };
            };
        };
    };
    readonly redeliverWebhook: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Webhook"];
                };
            };
        };
    };
    readonly openSession: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["SessionRequest"];
            };
        };
        readonly responses: {
            /** @description Made, and durable. `Location` names it; `Idempotency-Replayed: true` tells that it was made before. */
            readonly 201: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Session"];
                };
            };
        };
    };
    readonly closeSession: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Removed. */
            readonly 204: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
    readonly listOrphans: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
                readonly bucket?: string;
                /** @description Pay for the requests to OSS, as buckets whose owner does not want to pay ask for. */
                readonly payer?: "requester";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OrphanPage"];
                };
            };
        };
    };
    readonly abortOrphans: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["OrphanAbortRequest"];
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["OrphanAbortAnswers"];
                };
            };
        };
    };
    readonly getStats: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Stats"];
                };
            };
        };
    };
    readonly getStatsHistory: {
        readonly parameters: {
            readonly query?: {
                /** @description How far to look back: `90s`, `5m`; at most, and by default, `1h`. */
                readonly range?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["StatsHistory"];
                };
            };
        };
    };
    readonly listNodes: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Nodes"];
                };
            };
        };
    };
    readonly getVersion: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Version"];
                };
            };
        };
    };
    readonly getMetrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
        };
    };
    readonly listVerbs: {
        readonly parameters: {
            readonly query?: {
                /** @description Items per page; 100 by default. */
                readonly limit?: number;
                /** @description `nextCursor` of the page before. */
                readonly cursor?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkVerbPage"];
                };
            };
        };
    };
    readonly getVerb: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                readonly id: string;
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkVerb"];
                };
            };
        };
    };
    readonly pauseJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description May repeat or hold commas. */
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                /** @description Path of the source; with a `/` at its end everything below that directory. */
                readonly source?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description Only of this batch. */
                readonly batch?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkVerb"];
                };
            };
        };
    };
    readonly resumeJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description May repeat or hold commas. */
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                /** @description Path of the source; with a `/` at its end everything below that directory. */
                readonly source?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description Only of this batch. */
                readonly batch?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkVerb"];
                };
            };
        };
    };
    readonly cancelJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description May repeat or hold commas. */
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                /** @description Path of the source; with a `/` at its end everything below that directory. */
                readonly source?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description Only of this batch. */
                readonly batch?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkVerb"];
                };
            };
        };
    };
    readonly retryJobs: {
        readonly parameters: {
            readonly query?: {
                /** @description May repeat or hold commas. */
                readonly state?: readonly ("queued" | "running" | "completing" | "paused" | "failed" | "cancelling" | "completed" | "cancelled")[];
                readonly bucket?: string;
                /** @description Path of the source; with a `/` at its end everything below that directory. */
                readonly source?: string;
                /** @description `k=v`, or a bare `k` for any value. May repeat; all must match. */
                readonly label?: readonly string[];
                /** @description Only of this batch. */
                readonly batch?: string;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Accepted, or still under way: how it is now. */
            readonly 202: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["BulkVerb"];
                };
            };
        };
    };
    readonly getSettings: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settings"];
                };
            };
        };
    };
    readonly changeSettings: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["SettingsChanges"];
            };
        };
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Settings"];
                };
            };
        };
    };
    readonly isLive: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Probe"];
                };
            };
        };
    };
    readonly isReady: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** @description Done. */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Probe"];
                };
            };
        };
    };
    readonly receiveJobEvent: {
        readonly parameters: {
            readonly query?: never;
            readonly header: {
                /** @description The id of the event, the same at every try. */
                readonly "webhook-id": string;
                /** @description Seconds since the epoch, of this try. */
                readonly "webhook-timestamp": string;
                /** @description One signature for each secret, separated by spaces. */
                readonly "webhook-signature": string;
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["WebhookMessage"];
            };
        };
        readonly responses: {
            /** @description The receiver wants none of this any more: it is not sent again. */
            readonly 410: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Accepted: it is not sent again. */
            readonly "2XX": {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is sent again later. */
            readonly "4XX": {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
            /** @description It is sent again later, not before `Retry-After`. */
            readonly "5XX": {
                headers: {
                    readonly [name: string]: unknown;
                };
                content?: never;
            };
        };
    };
}
