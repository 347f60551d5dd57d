-- The store itself counts jobs and bytes now, once a transaction. These triggers did it with two or three more statements
-- for each step of each job.
DROP TRIGGER jobs_count_new;
DROP TRIGGER jobs_count_move;
DROP TRIGGER jobs_count_gone;
DROP TRIGGER jobs_batch_new;
DROP TRIGGER jobs_batch_move;
DROP TRIGGER jobs_wait_new;
DROP TRIGGER jobs_wait_move;
DROP TRIGGER jobs_wait_gone;
