-- Erasing a leaked secret: the texts that an event refers to by digest, everywhere. The event itself stays.

create function fleet_log.digests_in(type text, data jsonb)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Only members that commands fill from a text they kept. What others write into their own events, evidence or errors
    -- (output_digest) could name anybody's text.
    if not exists (select from fleet_log.event_types t where t.type = digests_in.type and not t.is_open) then
        return '{}';
    end if;
    return array(select distinct d from unnest(array[data ->> 'body_digest', data ->> 'response_digest',
                                                     data ->> 'summary_digest', data ->> 'result_digest']) d
                  where d is not null order by d);
end $$;
comment on function fleet_log.digests_in is
    'The texts that an event of ours refers to. Example: select fleet_log.digests_in(e.type, e.data) from fleet_log.events e where e.seq = 42';

create function fleet_log.do_redact(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    reason constant text := w.args ->> 'reason';
    e fleet_log.events;
    held text[];
    fresh text[];
    texts text[];
    uses bigint;
begin
    select * into e from fleet_log.events x where x.event_id = w.args ->> 'event_id';
    if e.event_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/event_id', 'no event ' || (w.args ->> 'event_id'),
                                'fleet events list shows them');
    end if;
    select array_agg(b.digest order by b.digest), array_agg(b.digest order by b.digest) filter (where b.redacted_at is null),
           array_agg(btrim(to_jsonb(b.body)::text, '"')) filter (where b.redacted_at is null), sum(b.uses)
      into held, fresh, texts, uses
      from fleet_log.bodies b where b.digest = any(fleet_log.digests_in(e.type, e.data));
    if held is null then
        return fleet_log.refuse(w, 'transition_refused', '/args/event_id', e.type || ' refers to no text that is kept apart',
            'what stands in the event itself cannot be erased',
            jsonb_build_object('found', e.type, 'asked', 'body_redacted', 'allowed', '[]'::jsonb));
    end if;
    w.project := e.project;
    if fresh is not null then
        update fleet_log.bodies b
           set body = null, redacted_at = w.at, redacted_by = w.actor, redact_reason = reason
         where b.digest = any(fresh);
        update fleet_log.mail_words x
           set words = setweight(to_tsvector('english', coalesce((
                   select m.subject from fleet_state.messages m where m.message_id = x.message_id), '')), 'A')
         where x.body_digest = any(fresh);
        -- No kept answer should hold a text. If one of the request that brought it does, it goes; others stay, or a
        -- retry of theirs would be carried out twice.
        delete from fleet_live.idempotency i
         where i.stored_at = e.recorded_at
           and exists (select from unnest(texts) t(body) where strpos(i.answer::text, t.body) > 0);
        w := fleet_log.put(w, 'body_redacted', 'redaction', e.event_id,
            jsonb_build_object('event_id', e.event_id, 'by', w.actor, 'reason', reason), e.event_id, e.correlation_id);
    end if;
    w.result := jsonb_build_object(
        'event_id', e.event_id, 'project', e.project, 'type', e.type, 'status', 'redacted',
        'redacted', coalesce(cardinality(fresh), 0), 'digests', held, 'other_uses', uses - cardinality(held),
        'by', (select b.redacted_by from fleet_log.bodies b where b.digest = held[1]),
        'reason', (select b.redact_reason from fleet_log.bodies b where b.digest = held[1]),
        'words', 'who has seen it knows it: change the secret. The files of the database hold it until VACUUM FULL '
                 'fleet_log.bodies, backups and archived WAL until they go');
    return w;
end $$;
comment on function fleet_log.do_redact is
    'Command redact. Example: select * from fleet.redact(''evt_01…'', ''it held an access key'')';
