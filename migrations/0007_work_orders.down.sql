-- Functions and views of sql/ that use these tables go with them; sql/ is applied again afterwards.
drop table fleet_live.work_lines cascade;
drop table fleet_state.work_order_dependencies, fleet_state.work_orders cascade;
