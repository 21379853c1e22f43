# Tests that are programs of their own: the server of the run, pgTAP, end to end, house rules.

# One PostgreSQL server a run. What needs it says FIXTURES_REQUIRED postgres (fleet_needs_database).
add_test(NAME postgres_start COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/support/server.sh" start "${CMAKE_BINARY_DIR}/test-server")
add_test(NAME postgres_stop COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/support/server.sh" stop "${CMAKE_BINARY_DIR}/test-server")
set_tests_properties(postgres_start PROPERTIES FIXTURES_SETUP postgres SKIP_RETURN_CODE 77 TIMEOUT 120)
set_tests_properties(postgres_stop PROPERTIES FIXTURES_CLEANUP postgres TIMEOUT 60)

# fleet_script_test(name LABEL label [DATABASE] [TIMEOUT seconds] COMMAND word…)
function(fleet_script_test name)
  cmake_parse_arguments(SCRIPT "DATABASE" "LABEL;TIMEOUT" "COMMAND" ${ARGN})
  add_test(NAME ${name} COMMAND ${SCRIPT_COMMAND} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  if(NOT SCRIPT_TIMEOUT)
    set(SCRIPT_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS ${SCRIPT_LABEL} SKIP_RETURN_CODE 77 TIMEOUT ${SCRIPT_TIMEOUT})
  if(SCRIPT_DATABASE)
    fleet_needs_database(${name})
  endif()
endfunction()

# House rules: each tests/house/*.py checks the source tree it is given and prints what is wrong.
file(GLOB house_rules CONFIGURE_DEPENDS house/*.py)
foreach(rule IN LISTS house_rules)
  get_filename_component(stem "${rule}" NAME_WE)
  fleet_script_test(house_${stem} LABEL house COMMAND "${Python3_EXECUTABLE}" "${rule}" "${CMAKE_SOURCE_DIR}")
endforeach()

# pgTAP: every file in a transaction that is rolled back; and the scripts that need a database to commit in.
file(GLOB sql_tests CONFIGURE_DEPENDS sql/*_test.sql sql/test_*.sql)
if(sql_tests)
  fleet_script_test(sql_pgtap LABEL sql DATABASE TIMEOUT 300
    COMMAND $<TARGET_FILE:with_database> "${CMAKE_CURRENT_SOURCE_DIR}/support/pgtap.sh" ${sql_tests})
endif()
file(GLOB sql_scripts CONFIGURE_DEPENDS sql/*_test.sh)
foreach(script IN LISTS sql_scripts)
  get_filename_component(stem "${script}" NAME_WE)
  string(REGEX REPLACE "_test$" "" stem "${stem}")
  fleet_script_test(sql_${stem} LABEL sql DATABASE TIMEOUT 300
    COMMAND $<TARGET_FILE:with_database> --empty "${script}")
endforeach()

# End to end, through the programs as `cmake --install` puts them. Each script has fleets of its own.
set(FLEET_E2E_PREFIX "${CMAKE_BINARY_DIR}/e2e-prefix")
add_test(NAME install_programs COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/e2e/install.sh" "${CMAKE_BINARY_DIR}" "${FLEET_E2E_PREFIX}")
set_tests_properties(install_programs PROPERTIES FIXTURES_SETUP installed TIMEOUT 120 LABELS e2e)
file(GLOB e2e_tests CONFIGURE_DEPENDS e2e/*_test.py)
foreach(script IN LISTS e2e_tests)
  get_filename_component(stem "${script}" NAME_WE)
  string(REGEX REPLACE "_test$" "" stem "${stem}")
  # The documents are many, and each has a fleet of its own: three programs share them.
  set(names "e2e_${stem}")
  if(stem STREQUAL "docs")
    set(names e2e_docs_1 e2e_docs_2 e2e_docs_3)
  endif()
  foreach(name IN LISTS names)
    fleet_script_test(${name} LABEL e2e TIMEOUT 400 COMMAND "${Python3_EXECUTABLE}" "${script}")
    set_tests_properties(${name} PROPERTIES FIXTURES_REQUIRED installed
                         ENVIRONMENT "FLEET_E2E_PREFIX=${FLEET_E2E_PREFIX};CXX=${CMAKE_CXX_COMPILER};PYTHONDONTWRITEBYTECODE=1")
    if(stem STREQUAL "docs")
      string(REGEX REPLACE "^e2e_docs_" "" part "${name}")
      set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "FLEET_DOCS_PART=${part}/3")
    endif()
  endforeach()
endforeach()

include(containers.cmake)
fleet_needs_containers(e2e_podman)
