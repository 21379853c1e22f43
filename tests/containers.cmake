# Tests in containers. A fixture that is skipped does not keep ctest from running what needs it: each such test looks
# into FLEET_TEST_ENGINE/engine.env itself, and exits 77 with the reason where containers cannot run.
set(FLEET_TEST_ENGINE "${CMAKE_BINARY_DIR}/containers")
set(container_server "${FLEET_TEST_ENGINE}/server")
set(testing "${CMAKE_SOURCE_DIR}/containers/testing")

# Makes an existing test wait for what is known about containers here, and for the image fleettools-pg.
function(fleet_needs_containers name)
  set_property(TEST ${name} APPEND PROPERTY FIXTURES_REQUIRED containers)
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "FLEET_TEST_ENGINE=${FLEET_TEST_ENGINE}")
endfunction()

# The same, and for a server in a container, whose DSN is in the file FLEET_TEST_CONTAINER_SERVER.
function(fleet_needs_container_server name)
  fleet_needs_containers(${name})
  set_property(TEST ${name} APPEND PROPERTY FIXTURES_REQUIRED container_server)
  set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "FLEET_TEST_CONTAINER_SERVER=${container_server}")
endfunction()

fleet_script_test(containers_engine LABEL containers COMMAND "${testing}/podman-env.sh" "${FLEET_TEST_ENGINE}")
fleet_script_test(containers_image LABEL containers TIMEOUT 180
  COMMAND "${testing}/with-engine.sh" "${CMAKE_SOURCE_DIR}/containers/build-image.sh")
fleet_script_test(containers_server_start LABEL containers COMMAND "${testing}/server.sh" start "${container_server}")
fleet_script_test(containers_server_stop LABEL containers COMMAND "${testing}/server.sh" stop "${container_server}")
set_tests_properties(containers_engine PROPERTIES FIXTURES_SETUP containers_engine)
set_tests_properties(containers_image PROPERTIES FIXTURES_SETUP containers FIXTURES_REQUIRED containers_engine)
set_property(TEST containers_image APPEND PROPERTY ENVIRONMENT "FLEET_TEST_ENGINE=${FLEET_TEST_ENGINE}")
fleet_needs_containers(containers_server_start)
set_tests_properties(containers_server_start PROPERTIES FIXTURES_SETUP container_server)
set_tests_properties(containers_server_stop PROPERTIES FIXTURES_CLEANUP container_server
                     ENVIRONMENT "FLEET_TEST_ENGINE=${FLEET_TEST_ENGINE}")

file(GLOB container_tests CONFIGURE_DEPENDS containers/*_test.py)
foreach(script IN LISTS container_tests)
  get_filename_component(stem "${script}" NAME_WE)
  string(REGEX REPLACE "_test$" "" stem "${stem}")
  fleet_script_test(containers_${stem} LABEL containers TIMEOUT 900 COMMAND "${Python3_EXECUTABLE}" "${script}")
  set_tests_properties(containers_${stem} PROPERTIES
    ENVIRONMENT "FLEET_E2E_PREFIX=${FLEET_E2E_PREFIX};PYTHONDONTWRITEBYTECODE=1")
  fleet_needs_containers(containers_${stem})
endforeach()
# These run the installed programs.
set_property(TEST containers_server containers_fleet containers_upgrade APPEND PROPERTY FIXTURES_REQUIRED installed)
fleet_needs_container_server(containers_server)
