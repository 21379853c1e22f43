-- The one entry. The order of steps is the design: locks, then the clock, then everything that is read.

create function fleet.act(commands jsonb)
returns table (ord int, ok boolean, code text, field text, message text, hint text, detail jsonb, result jsonb,
               seq bigint, replayed boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, fleet_state, pg_temp
set plan_cache_mode = force_generic_plan
-- Everything below looks rows up by key. Statistics lag behind a table that was empty a minute ago; with them the planner
-- would read all of it.
set enable_seqscan = off
set jit = off
-- Whoever calls: a role's settings are taken at login only, and nobody logs in as fleet_operator.
set lock_timeout = '2s' as $$
#variable_conflict use_variable
declare
    works fleet_log.work[];
    done fleet_log.work[];
    run fleet_log.work[] := '{}';   -- neighbours that are done together, of one kind
    run_kind text;
    kind text;
    w fleet_log.work;
    twin fleet_log.work;
    start bigint;
    head bigint;
    clock timestamptz;
    last timestamptz;
    open_project text;
begin
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
        -- An older snapshot would not see what the last holder of the order lock committed.
        perform fleet.refuse('isolation_refused', 'fleet.act needs the isolation level READ COMMITTED');
    end if;
    if jsonb_typeof(commands) is distinct from 'array' then
        perform fleet.refuse('bad_json', 'fleet.act takes an array of requests');
    end if;
    perform fleet_log.lock_projects(commands);
    if not fleet_log.switched('no_order_lock') then
        perform pg_advisory_xact_lock(1179403589, 1);
    end if;
    -- Every statement from here on has a snapshot younger than the lock.
    select e.seq, e.recorded_at into head, last from fleet_log.events e order by e.seq desc limit 1;
    clock := greatest(date_trunc('milliseconds', clock_timestamp()), last);
    head := coalesce(head, 0);
    perform fleet_log.note_incarnation(head, clock);
    if fleet_log.switched('no_order_lock') then
        head := fleet_log.unordered_head(greatest(1, (select sum(case when v ->> 'op' = 'append'
            then jsonb_array_length(v #> '{args,events}') else 8 end) from jsonb_array_elements(commands) v)));
    end if;
    start := head;
    works := fleet_log.prepare(commands, clock, head);
    foreach w in array works loop
        kind := case when w.code is not null or w.replayed or w.earlier is not null then null
                     when w.op = 'append' then 'append'
                     when w.op in ('claim_work', 'complete_work') then 'orders of ' || w.project end;
        -- An expected version is compared with what stands in the table: it must be the first of its run.
        if cardinality(run) > 0 and (kind is distinct from run_kind or kind = 'append' and w.args ? 'expected_version') then
            run := fleet_log.perform_run(run, head);
            done := done || run;
            head := fleet_log.head_after(run);
            run := '{}';
        end if;
        if kind is not null then
            run := run || w;
            run_kind := kind;
            continue;
        end if;
        w.head := head;
        if w.earlier is not null and w.code is null and not w.replayed then
            twin := done[w.earlier];
        else
            twin := null;
        end if;
        if twin.seq is not null then
            -- The same key twice in one batch: only what wrote something counts as an answer.
            w := fleet_log.repeat(w, twin);
        elsif w.op = 'append' and w.code is null and not w.replayed then
            select r.* into w from fleet_log.append_run(array[w], head) r;
        else
            -- That a project is there and open is looked up once for neighbours of one project.
            if w.scope = 'registered' and w.project = open_project then
                w.scope := 'any';
            end if;
            w := fleet_log.perform(w);
            -- An answer of yesterday says nothing of today.
            open_project := case when w.scope <> 'none' and w.code is null and not w.replayed then w.project end;
        end if;
        head := w.head;
        done := done || w;
    end loop;
    if cardinality(run) > 0 then
        run := fleet_log.perform_run(run, head);
        done := done || run;
        head := fleet_log.head_after(run);
    end if;
    if head > start then
        -- Who asked to be told of what is told at once: of all that this batch wrote, appends included.
        if exists (select from fleet_state.notification_rules r where r.state = 'enabled') then
            w.at := clock;
            w.head := head;
            w := fleet_log.apply_rules(w, start + 1);
            head := w.head;
        end if;
        perform fleet_log.keep_answers(done, clock);
        perform fleet_log.announce(start + 1, head);
    elsif current_setting('synchronous_standby_names') <> '' and exists (select from unnest(done) d where d.code is null) then
        -- An answer of yesterday may be of a commit whose wait for the standby was cut short by a crash. Something has
        -- to be written so that this commit waits until the standby has it, and with it all that came before.
        perform pg_logical_emit_message(true, 'fleet', '');
    end if;
    return query
    select d.ord, d.code is null, d.code, d.field, d.message, d.hint, d.detail, d.result, d.seq, coalesce(d.replayed, false)
      from unnest(done) d order by d.ord;
end $$;
comment on function fleet.act is
    'The one entry: a row an element, in order; refusals are rows. Example: select * from fleet.act(''[{"op":"register_project","project":"demo","args":{"key":"demo"}}]'')';

create function fleet_log.perform_run(run fleet_log.work[], head bigint)
returns fleet_log.work[]
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if run[1].op = 'append' then
        return array(select r from fleet_log.append_run(run, head) r order by r.ord);
    end if;
    return fleet_log.work_together(run, head);
end $$;
comment on function fleet_log.perform_run is
    'Carries out neighbours of one kind, in their order. Example, in fleet.act: run := fleet_log.perform_run(run, head)';

create function fleet_log.head_after(run fleet_log.work[])
returns bigint
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select max(r.head) from unnest(run) r);
end $$;
comment on function fleet_log.head_after is
    'Where the log stands after a run. Example, in fleet.act: head := fleet_log.head_after(run)';

create function fleet_log.repeat(w fleet_log.work, twin fleet_log.work)
returns fleet_log.work
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if (w.op, w.digest) is distinct from (twin.op, twin.digest) then
        return fleet_log.refuse(w, 'idempotency_mismatch', '/key', 'this key was used for another request',
                                'draw a new key for a new request');
    end if;
    w.code := twin.code;
    w.field := twin.field;
    w.message := twin.message;
    w.hint := twin.hint;
    w.detail := twin.detail;
    w.result := twin.result;
    w.seq := twin.seq;
    w.replayed := true;
    return w;
end $$;
comment on function fleet_log.repeat is
    'The answer of an earlier request with the same key. Example, in fleet.act: w := fleet_log.repeat(w, twin)';

create function fleet_log.keep_answers(done fleet_log.work[], at timestamptz)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_live.idempotency as i (caller, key, op, digest, answer, seq, stored_at)
    select d.caller, d.key, d.op, d.digest, case when d.code is null then jsonb_build_object('result', d.result)
               else jsonb_build_object('code', d.code, 'field', d.field, 'message', d.message, 'hint', d.hint,
                                       'detail', d.detail) end, d.seq, keep_answers.at
      from unnest(done) d
     where d.key is not null and d.seq is not null and not coalesce(d.replayed, false)
     order by d.caller, d.key
        on conflict on constraint idempotency_pkey do update   -- older than a day, not yet swept
       set op = excluded.op, digest = excluded.digest, answer = excluded.answer, seq = excluded.seq,
           stored_at = excluded.stored_at;
end $$;
comment on function fleet_log.keep_answers is
    'Stores the answers of requests that wrote something. Example, in fleet.act: perform fleet_log.keep_answers(done, clock)';

create function fleet_log.announce(first bigint, last bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    projects text[];
begin
    select array_agg(distinct e.project) filter (where e.project <> '') into projects
      from fleet_log.events e where e.seq between announce.first and announce.last;
    -- A hint of a few bytes, never data.
    perform pg_notify('fleet', format('{"from":%s,"to":%s,"projects":%s}', announce.first, announce.last,
        case when cardinality(projects) > 16 then 'null' else coalesce(to_json(projects)::text, '[]') end));
end $$;
comment on function fleet_log.announce is
    'The one notification of a batch. Example, in fleet.act: perform fleet_log.announce(11, 20)';
