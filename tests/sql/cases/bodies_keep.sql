-- Texts lie apart from the log, by digest, once each.
begin;
set search_path = tap, public;
select plan(14);
create temp table d as select fleet_log.keep_body('grüße') as k;
select is(k, encode(sha256('grüße'::bytea), 'hex'), 'the digest is the sha256 of the text in UTF-8') from d;
select is(fleet_log.body_of(k), 'grüße', 'a text comes back as it was') from d;
select is((select bytes from fleet_log.bodies), 7, 'its length is counted in bytes');
select is(fleet_log.keep_body('grüße'), k, 'kept again it is the same text') from d;
select is((select uses from fleet_log.bodies), 2, 'in the same row, used twice');
select is(fleet_log.body_of('none'), null, 'what was never kept is not there');
select is(fleet_log.body_json('body', k), '{"body": "grüße"}', 'as JSON under a name') from d;
select is(fleet_log.body_json('summary', k, 2), '{"summary": "gr", "summary_cut": true}', 'cut to so many characters, which it says') from d;
select is(fleet_log.body_json('body', k, 5), '{"body": "grüße"}', 'but not when it fits') from d;
select is(fleet_log.body_json('body', null), '{}', 'no digest, no member');
select is(fleet_log.body_problem('grüße'), null, 'a kept text may be kept');
update fleet_log.bodies b set body = null, redacted_at = '2026-01-01Z', redacted_by = 'ann', redact_reason = 'a key';
select is(fleet_log.body_json('body', k), '{"body": null, "redacted": {"by": "ann", "at": "2026-01-01T00:00:00.000Z", "reason": "a key"}}',
          'an erased one says who erased it, when and why') from d;
select is(fleet_log.body_problem('grüße'), 'this very text was erased by ann (a key)', 'and is told from others before it is sent again');
select fleet_log.keep_body('grüße');
select is(fleet_log.body_of(k), null, 'kept again it stays erased') from d;
select * from finish();
rollback;
