-- What is not as it should be, and what to do about it.

create function fleet_log.doctor_log()
returns table (what text, state text, value text, advice text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select 'log has no gaps', case when x.holes = 0 then 'ok' else 'bad' end, x.holes || ' missing',
           case when x.holes = 0 then '' else 'the order lock was bypassed; restore from a backup' end
      from (select coalesce(max(e.seq) - count(*), 0) as holes from fleet_log.events e) x;
    return query
    select 'stream versions count up', case when count(*) = 0 then 'ok' else 'bad' end, count(*) || ' streams',
           case when count(*) = 0 then ''
                else 'select stream_id, count(*), max(stream_version) from fleet.events group by 1' end
      from (select e.stream_id from fleet_log.events e group by e.stream_id
            having max(e.stream_version) <> count(*)) x;
    return query
    select 'time goes forward in the log', case when count(*) = 0 then 'ok' else 'bad' end, count(*) || ' steps back',
           case when count(*) = 0 then '' else 'check the clock of the database server' end
      from (select e.recorded_at < lag(e.recorded_at) over (order by e.seq) as back
              from (select l.seq, l.recorded_at from fleet_log.events l order by l.seq desc limit 100000) e) x
     where x.back;
    return query
    select 'log is append-only', case when count(*) = 2 then 'ok' else 'bad' end, count(*) || ' of 2 triggers',
           case when count(*) = 2 then '' else 'fleet db migrate puts them back' end
      from pg_trigger t
     where t.tgrelid = 'fleet_log.events'::regclass and t.tgname in ('append_only', 'fold') and t.tgenabled = 'A';
    return query
    select 'live rows exist', case when count(*) = 0 then 'ok' else 'bad' end, count(*) || ' missing',
           case when count(*) = 0 then '' else 'register the pilot again, let the host join again' end
      from (select p.callsign from fleet_state.pilots p
             where not exists (select from fleet_live.pilots l where l.project = p.project and l.callsign = p.callsign)
            union all
            select h.host_id from fleet_state.hosts h
             where not exists (select from fleet_live.hosts l where l.host_id = h.host_id)) x;
    return query
    select 'cursors are in the log', case when count(*) = 0 then 'ok' else 'bad' end,
           coalesce(string_agg(c.consumer, ', '), ''),
           case when count(*) = 0 then '' else 'the log was rewound: fleet cursors drop NAME, then read again' end
      from fleet_live.cursors c
     where c.event_id is not null and not exists (
               select from fleet_log.events e where e.seq = c.seq and e.event_id = c.event_id);
end $$;
comment on function fleet_log.doctor_log is
    'What holds inside the log and the live tables. Example: select * from fleet_log.doctor_log()';

create function fleet_log.doctor_server()
returns table (what text, state text, value text, advice text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    version int := current_setting('server_version_num')::int;
begin
    return query
    select 'server version',
           case when version < 150000 then 'bad' when version between 150000 and 150015 then 'warn' else 'ok' end,
           current_setting('server_version'),
           case when version < 150016 then 'PostgreSQL 15.16 or newer: earlier minors can truncate what NOTIFY needs'
                else '' end;
    return query
    select s.name, case when s.good then 'ok' else s.grade end, s.setting, case when s.good then '' else s.advice end
      from (values
        ('fsync', current_setting('fsync'), current_setting('fsync') = 'on', 'bad',
         'turn it on: acknowledged events are lost in a crash'),
        ('full_page_writes', current_setting('full_page_writes'), current_setting('full_page_writes') = 'on', 'bad',
         'turn it on'),
        ('synchronous_commit', current_setting('synchronous_commit'), current_setting('synchronous_commit') <> 'off',
         'bad', 'turn it on for the roles that act: acknowledged must mean kept'),
        ('data_checksums', current_setting('data_checksums'), current_setting('data_checksums') = 'on', 'warn',
         'pg_checksums --enable finds silent damage of the disk'),
        ('server_encoding', current_setting('server_encoding'), current_setting('server_encoding') = 'UTF8', 'bad',
         'make the database with encoding UTF8'),
        ('tcp_keepalives_idle', current_setting('tcp_keepalives_idle'),
         current_setting('tcp_keepalives_idle')::int between 1 and 60 or inet_server_addr() is null, 'warn',
         'alter system set tcp_keepalives_idle = 10, or a dead leader is noticed late')
        ) s(name, setting, good, grade, advice);
    return query
    select 'notification queue', case when q.used < 0.1 then 'ok' when q.used < 0.5 then 'warn' else 'bad' end,
           round((q.used * 100)::numeric, 2) || ' %',
           case when q.used < 0.1 then '' else 'a session that did LISTEN sits in a transaction: end it' end
      from (select pg_notification_queue_usage() as used) q;
    return query
    select 'oldest transaction', case when coalesce(x.age, 0) < 300 then 'ok' else 'warn' end,
           coalesce(round(x.age), 0) || ' s', case when coalesce(x.age, 0) < 300 then '' else
               'process ' || x.pid || ' (' || x.application_name || ') holds back vacuum' end
      from (select extract(epoch from clock_timestamp() - a.xact_start)::numeric as age, a.pid, a.application_name
              from pg_stat_activity a
             where a.xact_start is not null and a.pid <> pg_backend_pid()
             union all select null, null, null order by 1 desc nulls last limit 1) x;
end $$;
comment on function fleet_log.doctor_server is
    'What the server is set to. Example: select * from fleet_log.doctor_server()';

create function fleet_log.doctor_work()
returns table (what text, state text, value text, advice text)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    -- A round of the leader comes every few seconds; what it has not done after a minute it does not do.
    late constant timestamptz := clock_timestamp() - interval '1 minute';
begin
    return query
    select 'lapsed leases are swept', case when x.n = 0 then 'ok' else 'warn' end, x.n || ' lapsed',
           case when x.n = 0 then '' else 'no daemon does its rounds: fleet status, select * from fleet.leaders' end
      from (select (select count(*) from fleet_state.sorties s
                      left join fleet_live.pilots l on l.project = s.project and l.callsign = s.pilot
                     where s.state in ('assigned', 'in_progress', 'blocked')
                       and fleet_log.sortie_lease_until(s, l.seen_at) < late)
                 + (select count(*) from fleet_log.work_order_rows o where o.status = 'claimed' and o.lease_until < late)
                 + (select count(*) from fleet_state.pilots p
                      join fleet_live.pilots l on l.project = p.project and l.callsign = p.callsign
                     where p.state in ('active', 'idle')
                       and l.seen_at + make_interval(secs => fleet_log.pilot_lease()) < late) as n) x;
    return query
    select c.what, case when count(r.id) = 0 then 'ok' else 'warn' end, count(r.id)
               || coalesce(', the oldest for '
                           || fleet.time_words(extract(epoch from clock_timestamp() - min(r.since))), ''),
           case when count(r.id) = 0 then '' else c.advice end
      from (values (1, 'halt', 'nothing is halted', 'select * from fleet.halts where halted; fleet.lift_halt'),
                   (2, 'dead', 'no work order is dead', 'select * from fleet.stuck where kind = ''dead''; fleet.retry_work'),
                   (3, 'ack', 'mail is answered in time', 'select * from fleet.message_recipients where overdue'),
                   (4, 'broken', 'no sortie waits in vain', 'select * from fleet.stuck where kind = ''broken'''),
                   (5, 'no pilot', 'ready sorties have pilots', 'select * from fleet.stuck where kind = ''no pilot''')
           ) c(place, kind, what, advice)
      left join fleet_log.stuck_rows r on r.kind = c.kind and (r.kind <> 'ack' or r.until < clock_timestamp())
     group by c.place, c.what, c.advice order by c.place;
    return query
    select 'texts of mail are kept', case when count(*) = 0 then 'ok' else 'bad' end, count(*) || ' missing',
           case when count(*) = 0 then '' else 'fleet_log.bodies lost rows: restore from a backup' end
      from fleet_state.messages m
     where not exists (select from fleet_log.bodies b where b.digest = m.body_digest);
    -- Every digest of the newest: older ones are looked at when they are read.
    return query
    select 'checkpoints are whole', case when count(d.damage) = 0 then 'ok' else 'bad' end,
           count(*) || ' read' || coalesce(': ' || min(d.id || ' ' || d.damage), ''),
           case when count(d.damage) = 0 then '' else 'a copy in .fleet/local/checkpoints mends it: fleet checkpoint restore ID --dry-run' end
      from (select c.checkpoint_id as id, fleet_log.checkpoint_damage(c.checkpoint_id) as damage
              from (select x.checkpoint_id from fleet_state.checkpoints x where x.state <> 'deleted'
                     order by x.checkpoint_id desc limit 50) c) d;
end $$;
comment on function fleet_log.doctor_work is
    'Whether the work gets on: leases, halts, dead orders, answers. Example: select * from fleet_log.doctor_work()';

create function fleet.doctor()
returns table (what text, state text, value text, advice text)
language plpgsql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    bad bigint;
    example text;
begin
    return query select * from fleet_log.doctor_server();
    return query select * from fleet_log.doctor_log();
    return query select * from fleet_log.doctor_work();
    return query select * from fleet_log.doctor_backups();
    select count(*), min(v.table_name || ' ' || v.key || ' ' || v.column_name) into bad, example
      from fleet.verify_projections() v;
    return query
    select 'projections = log', case when bad = 0 then 'ok' else 'bad' end, bad || ' differences',
           case when bad = 0 then '' else 'select * from fleet.verify_projections(); first: ' || example end;
end $$;
comment on function fleet.doctor is
    'Checks the server, the log, the work and the projections; state is ok, warn or bad. Example: select * from fleet.doctor() order by state';
