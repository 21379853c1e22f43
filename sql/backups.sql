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

-- Scheduled backups: whose turn it is, and what became of it.

create function fleet.backup_due(kind text, host_id text, every_seconds int, at_minute int default null)
returns text
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    clock constant timestamptz := clock_timestamp();
    -- Base backups belong to the host of the server; of the others one in the fleet is enough.
    last fleet_live.backups;
    due timestamptz;
begin
    select * into last from fleet_live.backups b
     where b.kind = backup_due.kind and (backup_due.kind <> 'physical' or b.host_id = backup_due.host_id)
       -- Of a host that is gone nobody can have its copy.
       and (b.host_id = backup_due.host_id or exists (
            select from fleet_state.hosts h where h.host_id = b.host_id and h.state = 'joined'))
     order by b.made_at desc nulls last, b.tried_at desc limit 1;
    if at_minute is not null then
        due := date_trunc('day', clock, 'UTC') + make_interval(mins => at_minute);
        due := case when due <= clock then due else due - interval '1 day' end;
        if last.made_at >= due then
            return null;
        end if;
    elsif last.made_at + make_interval(secs => every_seconds) > clock then
        return null;
    end if;
    -- A disk that is full now is full in a second: the next try comes after a while.
    if not last.ok and last.tried_at + make_interval(secs => least(coalesce(nullif(every_seconds, 0), 3600) / 4, 300)) > clock then
        return null;
    end if;
    if last.ok and last.incarnation = fleet.incarnation() and kind <> 'physical'
       and last.head_seq = (select e.seq from fleet_log.events e order by e.seq desc limit 1) then
        return null;   -- nothing has happened since
    end if;
    return case when last.kind is null then 'none was made yet'
                when not last.ok then 'the last try failed: ' || coalesce(last.problem, '')
                else 'the last one is of ' || fleet_log.json_time(last.made_at) end;
end $$;
comment on function fleet.backup_due is
    'Why a backup is due now; null when it is not. Example: select fleet.backup_due(''logical'', ''host_01…'', 1800)';

create function fleet.note_backup(duty_epoch bigint, outcome jsonb)
returns void
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    o constant jsonb := note_backup.outcome;
    good constant boolean := (o ->> 'ok')::boolean;
begin
    if o ->> 'kind' <> 'physical' and not exists (
        select from fleet_live.leaders l where l.duty = 'backup' and l.epoch = note_backup.duty_epoch) then
        perform fleet.refuse('duty_lost', 'another daemon makes the backups now', '/duty_epoch');
    end if;
    insert into fleet_live.backups as b (host_id, kind, tried_at, ok, problem, made_at, path, head_seq, incarnation, bytes, kept,
                                         took_ms, due_at)
    values (o ->> 'host_id', o ->> 'kind', clock_timestamp(), good, o ->> 'problem',
            case when good then clock_timestamp() end, o ->> 'path', (o ->> 'head_seq')::bigint, o ->> 'incarnation',
            (o ->> 'bytes')::bigint, (o ->> 'kept')::int, (o ->> 'took_ms')::bigint,
            clock_timestamp() + make_interval(secs => (o ->> 'every_seconds')::int))
        on conflict on constraint backups_pkey do update
       set tried_at = excluded.tried_at, ok = excluded.ok, problem = excluded.problem, due_at = excluded.due_at,
           -- A try that failed takes nothing away from the one that went well.
           made_at = coalesce(excluded.made_at, b.made_at),
           path = case when good then excluded.path else b.path end,
           head_seq = case when good then excluded.head_seq else b.head_seq end,
           incarnation = case when good then excluded.incarnation else b.incarnation end,
           bytes = case when good then excluded.bytes else b.bytes end,
           kept = coalesce(excluded.kept, b.kept),
           took_ms = case when good then excluded.took_ms else b.took_ms end;
end $$;
comment on function fleet.note_backup is
    'Remembers how a scheduled backup went; refused when another daemon has the duty. Example: select fleet.note_backup(null, ''{"host_id":"host_01…","kind":"physical","ok":true}'')';

create view fleet.backups as
select b.kind, coalesce(h.hostname, b.host_id) as host, b.ok, b.made_at, b.head_seq, b.bytes, b.kept, b.took_ms, b.tried_at, b.due_at,
       b.problem, b.path, b.incarnation = fleet.incarnation() as of_this_log, b.host_id
  from fleet_live.backups b
  left join fleet_state.hosts h on h.host_id = b.host_id
 order by b.made_at desc nulls last;
comment on view fleet.backups is 'The last scheduled backup of each kind on each host. Example: select kind, host, ok, made_at, head_seq from fleet.backups';
comment on column fleet.backups.kind is 'logical, physical or export.';
comment on column fleet.backups.host is 'Machine that has it on its disk.';
comment on column fleet.backups.ok is 'True if the last try went well.';
comment on column fleet.backups.made_at is 'When the last good one was made.';
comment on column fleet.backups.head_seq is 'Last event in it.';
comment on column fleet.backups.bytes is 'Its size.';
comment on column fleet.backups.kept is 'How many that host keeps.';
comment on column fleet.backups.took_ms is 'How long it took.';
comment on column fleet.backups.tried_at is 'When the last try ended.';
comment on column fleet.backups.due_at is 'When the next one is due at the latest.';
comment on column fleet.backups.problem is 'What was wrong with the last try.';
comment on column fleet.backups.path is 'Its directory on that host.';
comment on column fleet.backups.of_this_log is 'False if the log was put back or promoted since.';
comment on column fleet.backups.host_id is 'Id of that host.';

create function fleet_log.doctor_backups()
returns table (what text, state text, value text, advice text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select 'backups: ' || x.kind, case when not x.ok then 'bad' when x.late then 'warn' else 'ok' end,
           case when not x.ok then coalesce(x.problem, 'failed') when x.made_at is null then 'none yet'
                else 'to event ' || x.head_seq || ', ' || fleet.time_words(extract(epoch from clock_timestamp() - x.made_at)) || ' old' end,
           case when not x.ok then 'select * from fleet.backups; the daemon''s log says more'
                when x.late then 'nobody makes them in time: fleet services logs daemon' else '' end
      from (select distinct on (b.kind) b.*,
                   -- An idle log needs no new copy: late is only who has something to copy.
                   b.due_at + interval '15 minutes' < clock_timestamp()
                   and b.head_seq < (select e.seq from fleet_log.events e order by e.seq desc limit 1) as late
              from fleet_live.backups b order by b.kind, b.tried_at desc) x;
    return query
    select 'WAL is archived', case when a.last_failed_time > coalesce(a.last_archived_time, '-infinity') then 'bad' else 'ok' end,
           a.archived_count || ' pieces' || coalesce(', failed: ' || a.last_failed_wal, ''),
           case when a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
                then 'the server''s log says why; until then WAL heaps up on its disk' else '' end
      from pg_stat_archiver a where current_setting('archive_mode') <> 'off';
end $$;
comment on function fleet_log.doctor_backups is
    'How the last backups went. Example: select * from fleet_log.doctor_backups()';
