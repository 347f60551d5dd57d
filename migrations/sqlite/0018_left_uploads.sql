-- What older jobs left in OSS of an object, for the job that is about to begin an upload of it.
CREATE INDEX jobs_left_upload ON jobs (bucket, key, endpoint) WHERE state = 'failed' AND upload_id IS NOT NULL;
CREATE INDEX abandoned_target ON abandoned_uploads (bucket, key, endpoint);
