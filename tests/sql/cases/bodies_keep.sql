-- Texts lie apart from the log, by digest, once each.
begin;
set search_path = tap, public;
select plan(17);
create temp table d as select fleet_log.keep_body('grüße aus Aachen') as k;
select is(k, encode(sha256('grüße aus Aachen'::text::bytea), 'hex'), 'the digest is the sha256 of the text in UTF-8') from d;
select is(fleet_log.body_of(k), 'grüße aus Aachen', 'a text comes back as it was') from d;
select is((select bytes from fleet_log.bodies), 18, 'its length is counted in bytes');
select is(fleet_log.keep_body('grüße aus Aachen'), k, 'kept again it is the same text') from d;
select is((select uses from fleet_log.bodies), 2, 'in the same row, used twice');
select is(fleet_log.body_of('none'), null, 'what was never kept is not there');
select is(fleet_log.body_json('body', k), '{"body": "grüße aus Aachen"}', 'as JSON under a name') from d;
select is(fleet_log.body_json('summary', k, 2), '{"summary": "gr", "summary_cut": true}', 'cut to so many characters, which it says') from d;
select is(fleet_log.body_json('body', k, 16), '{"body": "grüße aus Aachen"}', 'but not when it fits') from d;
select is(fleet_log.body_json('body', null), '{}', 'no digest, no member');
select is(fleet_log.body_problem('grüße aus Aachen'), null, 'a kept text may be kept');
update fleet_log.bodies b set body = null, redacted_at = '2026-01-01Z', redacted_by = 'ann', redact_reason = 'a key';
select is(fleet_log.body_json('body', k), '{"body": null, "redacted": {"by": "ann", "at": "2026-01-01T00:00:00.000Z", "reason": "a key"}}',
          'an erased one says who erased it, when and why') from d;
select is(fleet_log.body_problem('grüße aus Aachen'), 'this very text was erased by ann (a key)', 'and is told from others before it is sent again');
select fleet_log.keep_body('grüße aus Aachen');
select is(fleet_log.body_of(k), null, 'kept again it stays erased') from d;
-- Short texts are everybody's.
create temp table s as select fleet_log.keep_body('done') as k;
update fleet_log.bodies b set body = null, redacted_at = '2026-01-01Z', redacted_by = 'ann', redact_reason = 'a key' from s where b.digest = s.k;
select is(fleet_log.body_problem('done'), null, 'a short text that was erased may be sent again');
select is(fleet_log.keep_body('done'), k, 'it is kept again') from s;
select is(fleet_log.body_json('body', k), '{"body": "done"}', 'and read') from s;
select * from finish();
rollback;
