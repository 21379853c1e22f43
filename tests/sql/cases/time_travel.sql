-- Looking back: states of the past by the folds themselves, differences, causes, and what is refused.
begin;
\ir ../scene_shop.sql
set search_path = tap, public;
select no_plan();
select open_shop();

-- Each look back makes and drops a hundred things, and a transaction keeps the locks on all of them: so its answer is taken
-- out of one that is rolled back.
create function pg_temp.undone(query text) returns jsonb language plpgsql as $$
declare
    answer jsonb;
begin
    execute query into answer;
    raise exception using errcode = 'FL498', message = coalesce(answer, 'null')::text;
exception when sqlstate 'FL498' then
    return sqlerrm::jsonb;
end $$;

-- What the whole log gives at some places: the measure for all that is made of chosen events only.
create temp table truth (seq bigint, table_name text, key text, stream_id text, cells jsonb);
create function pg_temp.rows_at(at bigint) returns jsonb language plpgsql as $$
declare
    scratch text := fleet_log.open_past();
begin
    perform fleet_log.fold_past(scratch, null, 1, at);
    return (select jsonb_agg(to_jsonb(r)) from fleet_log.past_rows(scratch, null) r);
end $$;
create function pg_temp.whole(at bigint) returns void language sql as $$
    insert into truth select at, r.* from jsonb_to_recordset(pg_temp.undone(format('select pg_temp.rows_at(%s)', at)))
                                          r (table_name text, key text, stream_id text, cells jsonb);
$$;
create function pg_temp.head() returns bigint language sql as $$ select max(seq) from fleet_log.events $$;
select pg_temp.whole(s) from unnest(array[42, 66, pg_temp.head()]) s;

select is((select count(*) from pg_namespace where nspname like 'fleet\_past%'), 0::bigint, 'nothing is left behind');
-- The state at the head is the present one.
select is((select jsonb_agg(t.cells ->> 'status' order by t.key collate "C") from truth t
            where t.seq = pg_temp.head() and t.table_name = 'sorties'),
          (select jsonb_agg(s.state order by s.sortie_id collate "C") from fleet_state.sorties s), 'the fold up to the head gives the present');
select cmp_ok((select count(distinct table_name) from truth), '>=', 12::bigint, 'the scene fills the projections');

-- Differences: of chosen events the same as of the whole log, in all tables, forwards and backwards.
create function pg_temp.difference(lo bigint, hi bigint) returns table (table_name text, key text, was jsonb, became jsonb) language sql as $$
    select coalesce(a.table_name, b.table_name), coalesce(a.key, b.key), b.cells, a.cells
      from (select * from truth where seq = hi) a
      full join (select * from truth where seq = lo) b on b.table_name = a.table_name and b.key = a.key
     where a.cells is null or b.cells is null or fleet_log.changed_columns(b.cells, a.cells) is not null
$$;
create function pg_temp.streams(lo bigint, hi bigint) returns text[] language sql as $$
    select array_agg(distinct stream_id) from fleet_log.events where seq > lo and seq <= hi
$$;
create function pg_temp.changes(lo bigint, hi bigint) returns table (table_name text, key text, was jsonb, became jsonb) language sql as $$
    select r.table_name, r.key, nullif(r.was, 'null'), nullif(r.became, 'null') from jsonb_to_recordset(pg_temp.undone(format(
        'select jsonb_agg(to_jsonb(c)) from fleet_log.changes_between(%s, %s, pg_temp.streams(%1$s, %2$s)) c', lo, hi)))
        r (table_name text, key text, was jsonb, became jsonb)
$$;
select bag_eq(
    format('select * from pg_temp.changes(%s, %s)', p.lo, p.hi),
    format('select * from pg_temp.difference(%s, %s)', p.lo, p.hi), format('what changed between %s and %s', p.lo, p.hi))
  from (select s.seq as lo, lead(s.seq) over (order by s.seq) as hi from (select distinct seq from truth) s) p
 where p.hi is not null;

-- Each kind of thing, made of its own events and of those it looks at, is what the whole log makes of it.
create function pg_temp.shown(entity text, at bigint) returns jsonb language sql as $$
    select pg_temp.undone(format('select item::jsonb from fleet.history_show(%L)',
                                 jsonb_build_object('project', 'shop', 'entity', entity, 'at', at::text)))
$$;
select is(pg_temp.shown(x.stream_id, x.seq) -> 'item', x.cells - 'body', format('%s as it was at %s', x.table_name, x.seq))
  from (select distinct on (t.table_name) t.* from truth t
         where t.seq < pg_temp.head() and (t.key = t.stream_id or t.table_name in ('pilots', 'projects', 'notification_rules'))
         order by t.table_name, (t.cells ->> 'ready') desc, t.cells ->> 'status', t.key) x;
-- Sorties wait for others: all of them, at one place in the middle.
select is(pg_temp.shown(t.stream_id, t.seq) -> 'item', t.cells, t.cells ->> 'title')
  from truth t where t.table_name = 'sorties' and t.seq = 42 and t.cells ->> 'name' = 'tests';

-- What belongs to a thing, at its time.
select is((select string_agg(x ->> 'holder', ' ') from jsonb_array_elements(pg_temp.shown('src/cart/total.ts', r.token) -> 'holds') x), 'viper-1',
          'a file and who held it') from fleet_state.reservations r where r.holder = 'viper-1' and 'src/cart/**' = any(r.patterns);
select is(pg_temp.shown('src/cart/total.ts', r.token - 1) -> 'holds', '[]', 'nobody a moment before')
  from fleet_state.reservations r where r.holder = 'viper-1' and 'src/cart/**' = any(r.patterns);
select is((select string_agg(x ->> 'holder', ' ') from jsonb_array_elements(pg_temp.shown('src/cart/total.ts', pg_temp.head()) -> 'waiting') x),
          'raven-1', 'and who waited');
select is((select string_agg(x ->> 'status', ' ' order by x ->> 'status') from jsonb_array_elements(pg_temp.shown('raven-1', s.last_seq) -> 'sorties') x),
          'blocked', 'a pilot and what it was at') from fleet_state.sorties s where s.name = 'payment';
select is(jsonb_array_length(pg_temp.shown(m.mission_id, pg_temp.head()) -> 'sorties'), 6, 'a mission and its sorties')
  from fleet_state.missions m where m.title = 'Checkout with invoices';
select is(pg_temp.shown(right(s.sortie_id, 6), pg_temp.head()) ->> 'entity', s.sortie_id::text, 'the end of an id is enough')
  from fleet_state.sorties s where s.name = 'payment';
select is(pg_temp.shown('srt_…' || right(s.sortie_id, 8), pg_temp.head()) ->> 'entity', s.sortie_id::text, 'as it was printed, too')
  from fleet_state.sorties s where s.name = 'payment';
select is(pg_temp.shown(right(r.reservation_id, 8), r.last_seq) #>> '{item,status}', 'released', 'also of what ended long ago')
  from fleet_state.reservations r where r.state = 'released' order by r.token limit 1;
select is(pg_temp.shown(m.message_id, m.sent_seq) ->> 'body', fleet_log.body_of(m.body_digest), 'a message with its text')
  from fleet_state.messages m order by m.sent_seq limit 1;

-- Times.
select is(fleet_log.seq_before(e.recorded_at, pg_temp.head()),
          (select max(x.seq) from fleet_log.events x where x.recorded_at <= e.recorded_at), 'the last event at or before a time')
  from fleet_log.events e where e.seq in (1, 2, 30, pg_temp.head());
select is((fleet_log.moment(null, '/at')), pg_temp.head(), 'no moment is the present');
select is((fleet_log.moment(fleet_log.json_time(clock_timestamp()), '/at')), pg_temp.head(), 'so is this very moment');

create function pg_temp.refused(call text) returns text language plpgsql as $$
declare
    more text;
begin
    execute call;
    return 'not refused';
exception when others then
    get stacked diagnostics more = pg_exception_detail;
    return sqlstate || ' ' || (more::jsonb ->> 'field') || ' ' || sqlerrm;
end $$;
select matches(pg_temp.refused(format('select * from fleet.%s(%L)', o.name, o.asked)), o.says, o.asked) from (values
    ('history_show', '{"project": "shop", "entity": "viper-1", "at": "0"}', '^FL422 /at .*begins at 1'),
    ('history_show', '{"project": "shop", "entity": "viper-1", "at": "-5"}', '^FL422 /at .*begins at 1'),
    ('history_show', '{"project": "shop", "entity": "viper-1", "at": "99999"}', '^FL422 /at the log ends at \d+, before 99999'),
    ('history_show', '{"project": "shop", "entity": "viper-1", "at": "soon"}', '^FL422 /at must be'),
    ('history_show', '{"project": "shop", "entity": "viper-1", "at": "2001-01-01T00:00:00Z"}', '^FL422 /at .*nothing had happened'),
    ('history_show', '{"project": "shop", "entity": "viper-1", "at": "2901-01-01T00:00:00Z"}', '^FL422 /at .*yet to come'),
    ('history_show', '{"project": "shop", "entity": "nobody-9"}', '^FL404 /entity there is and was nothing called nobody-9'),
    ('history_show', '{"project": "elsewhere", "entity": "viper-1"}', '^FL404 /entity'),
    ('history_show', '{"project": "shop", "entity": "raven-1", "at": "1"}', '^FL404 /at .*begins at 3'),
    ('history_diff', '{"project": "shop", "from": "0"}', '^FL422 /from '),
    ('history_diff', '{"project": "shop", "from": "1", "to": "100000"}', '^FL422 /to '),
    ('history_log', '{"project": "shop", "at": "100000"}', '^FL422 /at '),
    ('history_why', '{"project": "shop", "entity": "srt_nothing"}', '^FL404 /entity'),
    ('history_board', '{"at": "1"}', '^FL422 /project')) o (name, asked, says);

-- The log and the board as they stood.
select is((select jsonb_path_query_array(item::jsonb, '$.items[*].seq') from fleet.history_log('{"project": "shop", "at": "30", "limit": 3}')),
          '[28, 29, 30]', 'the log ends where it is asked to');
select is((select jsonb_path_query_array(item::jsonb, '$.missions[*].title') from fleet.history_board('{"project": "shop", "at": "40"}')),
          '["Checkout with invoices", "Faster search", "Dark mode"]', 'missions that were open, though one is done by now');
-- Back is the opposite of forth.
create function pg_temp.diff(a text, b text) returns jsonb language sql as $$
    select pg_temp.undone(format('select item::jsonb from fleet.history_diff(%L)',
                                 jsonb_build_object('project', 'shop', 'from', a, 'to', b)))
$$;
select is((select array_agg(x ->> 'change' order by x ->> 'key') from jsonb_array_elements(pg_temp.diff('50', '40') -> 'items') x),
          (select array_agg(case x ->> 'change' when 'added' then 'gone' when 'gone' then 'added' else x ->> 'change' end order by x ->> 'key')
             from jsonb_array_elements(pg_temp.diff('40', '50') -> 'items') x), 'backwards, what was added is gone');
select is(pg_temp.diff('40', '40') -> 'items', '[]', 'a state does not differ from itself');

-- Why.
create function pg_temp.why(entity text) returns jsonb language sql as $$
    select pg_temp.undone(format('select item::jsonb from fleet.history_why(%L)',
                                 jsonb_build_object('project', 'shop', 'entity', entity)))
$$;
select is((select string_agg(x ->> 'to', ' ' order by (x ->> 'seq')::int) from jsonb_array_elements(pg_temp.why('payment') -> 'steps') x where x ? 'to'),
          'pending assigned in_progress blocked', 'the transitions of a sortie');
select matches(pg_temp.why('payment') ->> 'answer', '“Card payment” is blocked since .*sortie blocked .*which provider', 'the answer in words');
select is((select string_agg(coalesce(x #>> '{holders,0}', '-'), ' ' order by (x ->> 'seq')::int)
             from jsonb_array_elements(pg_temp.why('src/cart/total.ts') -> 'steps') x where x ? 'holders'),
          'raven-1 - owl-1 - raven-1 - owl-1 - viper-1', 'every change of a file''s holder');
select ok(exists (select from jsonb_array_elements(pg_temp.why('src/cart/total.ts') -> 'steps') x where x ->> 'type' = 'file_conflict'),
          'and who was refused');
select is((select distinct x #>> '{because,0,type}' from jsonb_array_elements(pg_temp.why('docs/guide.md') -> 'steps') x where x ->> 'type' = 'file_released'),
          'pilot_stale', 'files that came free since their pilot fell silent say so');
select matches(pg_temp.why('docs/guide.md') ->> 'answer', 'held by nobody since .*because of pilot stale', 'in the answer, too');
select matches(pg_temp.why('tests') ->> 'answer', 'is pending.*Not ready: ', 'a sortie that waits says for what');
select * from finish();
rollback;
