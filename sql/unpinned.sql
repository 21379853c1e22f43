-- A pinned path costs 1 to 2 µs at every call (the setting is put in and taken back, the plans look the path up again):
-- a fifth of a reserve, which makes some thirty calls. These functions run only inside fleet.act, which pins the path for
-- all of them, are executable by nobody but the owner, and name everything with its schema.
do $$
declare
    item record;
    names constant text[] := array[
        'put', 'perform', 'fold_added', 'event_problem', 'fold_reservation', 'apply_one', 'request_is_sound',
        'append_is_sound', 'append_problem', 'try_time', 'fence_is_sound', 'fence_problem',
        'reservation_fence_problem', 'json_time', 'switched', 'elapsed_ms',
        'do_reserve', 'do_release', 'do_extend', 'grant_files', 'grant_waiters', 'obstacles', 'overlapping',
        'overlapping_file', 'overlapping_tree', 'overlapping_glob', 'held_reservation', 'lease_problem',
        'reservation_id_of', 'reservation_is_known', 'pattern_canonical', 'pattern_problem', 'pattern_kind',
        'pattern_prefix', 'pattern_tail', 'pattern_probes', 'pattern_likeness'];
begin
    for item in
        select p.oid::regprocedure as name from pg_proc p
         where p.pronamespace::regnamespace::text in ('fleet_log', 'fleet_state') and p.proname = any(names)
    loop
        execute format('alter function %s reset search_path', item.name);
    end loop;
end $$;
