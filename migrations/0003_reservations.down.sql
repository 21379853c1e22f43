-- Functions and views of sql/ that use these tables go with them; sql/ is applied again afterwards.
drop type fleet_log.overlap, fleet_log.obstacle cascade;
drop table fleet_live.waiters cascade;
drop table fleet_state.reservations, fleet_state.reservation_requests, fleet_state.reservation_patterns cascade;
