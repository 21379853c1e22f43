-- A database that was put back from a copy: what it must not believe of the past.

create function fleet_log.redact_again(redacted jsonb)
returns bigint
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item record;
    event text;
    times bigint := 0;
begin
    -- Erased after the copy was made: the copy still has the texts. Digests come from the ledger and the present database.
    for item in
        select distinct on (r.digest) r.digest, r."by" as who, r.reason
          from jsonb_to_recordset(redact_again.redacted) r (digest text, "by" text, reason text, at timestamptz)
          join fleet_log.bodies b on b.digest = r.digest and b.redacted_at is null
         order by r.digest, r.at desc
    loop
        event := (select e.event_id from fleet_log.events e
                   where item.digest in (e.data ->> 'body_digest', e.data ->> 'response_digest', e.data ->> 'summary_digest',
                                         e.data ->> 'result_digest')
                   order by e.seq limit 1);
        if event is not null then
            perform fleet_log.ask('redact', null, item.who, jsonb_build_object('event_id', event, 'reason', item.reason));
        end if;
        -- Nobody's text any more, or not to be had by its event: it goes all the same.
        update fleet_log.bodies b
           set body = null, redacted_at = clock_timestamp(), redacted_by = item.who, redact_reason = item.reason
         where b.digest = item.digest and b.redacted_at is null;
        times := times + 1;
    end loop;
    return times;
end $$;
comment on function fleet_log.redact_again is
    'Erases texts that were erased elsewhere after this copy was made. Example: select fleet_log.redact_again(''[{"digest":"9f86…","by":"ops","reason":"a key"}]'')';

create function fleet_log.begin_anew(redacted jsonb)
returns jsonb
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    clock timestamptz := clock_timestamp();
    before text := fleet.incarnation();
    again bigint;
begin
    -- Another incarnation first: whatever is written from here on belongs to it, and old positions are told so.
    update fleet_log.identity i set log_id = gen_random_uuid() where i.only_row;
    -- Nobody is silent or lost because the copy is old: each has one lease to report again.
    update fleet_live.pilots p set seen_at = clock;
    update fleet_live.hosts h set deadline = clock + make_interval(secs => h.lease_seconds) where h.deadline is not null;
    update fleet_live.leaders l set holder = '', epoch = l.epoch + 1, since = clock;
    again := fleet_log.redact_again(coalesce(begin_anew.redacted, '[]'));
    return jsonb_build_object('incarnation', fleet.incarnation(), 'incarnation_before', before, 'redacted_again', again);
end $$;
comment on function fleet_log.begin_anew is
    'What a restored database needs before anybody works with it: another incarnation, a lease of grace, redactions made since. Example: select fleet_log.begin_anew(''[]'')';
