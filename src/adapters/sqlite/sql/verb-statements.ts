/**
 * These are the statements about bulk verbs. They are part of `sql` in statements.ts. The statements that are built
 * from a filter are in bulk-verbs.ts.
 */
export const verbSql = {
  insertVerb: `
    INSERT INTO bulk_verbs (verb, filter, batch_id, actor, jobs, batches, last, given_at)
    VALUES (:verb, :filter, :batch_id, :actor, :jobs, :batches, (SELECT coalesce(max(seq), 0) FROM jobs), :at)`,
  newestVerb: 'SELECT coalesce(max(id), 0) AS id FROM bulk_verbs',
  verbById: 'SELECT * FROM bulk_verbs WHERE id = ?',
  verbsBefore: 'SELECT * FROM bulk_verbs WHERE id < ? ORDER BY id DESC LIMIT ?',
  // This includes the verbs that are over, because what they said still overrules what was said before.
  verbsAfter: 'SELECT * FROM bulk_verbs WHERE id > ? ORDER BY id DESC',
  // The comparison `id > 0` lets SQLite search in the index instead of walking through it.
  unfinishedVerbs: `
    SELECT * FROM bulk_verbs INDEXED BY bulk_verbs_unfinished
    WHERE finished_at IS NULL AND id > 0 ORDER BY id`,
  saveCourse: `
    UPDATE bulk_verbs SET after = :after, passed = :passed, awaited = :awaited, changed = changed + :changed,
      refused = refused + :refused
    WHERE id = :id`,
  finishVerb: 'UPDATE bulk_verbs SET finished_at = :at, replaced = :replaced WHERE id = :id',
  deleteVerbs: `
    DELETE FROM bulk_verbs WHERE id IN (
      SELECT id FROM bulk_verbs INDEXED BY bulk_verbs_finished WHERE finished_at < :before ORDER BY finished_at LIMIT :limit)`,
} as const
