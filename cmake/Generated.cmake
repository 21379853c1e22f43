# What is made from definitions at build time: the catalogue's C++ faces, and SQL as tables of text.
set(FLEET_GENERATED "${CMAKE_BINARY_DIR}/generated")

file(GLOB FLEET_CATALOGUE_FILES CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/client/catalogue/*.json"
     "${CMAKE_SOURCE_DIR}/client/catalogue/events/*.json" "${CMAKE_SOURCE_DIR}/client/catalogue/operations/*.json"
     "${CMAKE_SOURCE_DIR}/client/catalogue/*.py")
set(FLEET_CATALOGUE_NAMES error_codes events mcp operations settings)
set(FLEET_CATALOGUE_SOURCES "${FLEET_GENERATED}/openapi.cpp")
set(FLEET_CATALOGUE_HEADERS "")
foreach(name IN LISTS FLEET_CATALOGUE_NAMES)
  list(APPEND FLEET_CATALOGUE_SOURCES "${FLEET_GENERATED}/${name}.cpp")
  list(APPEND FLEET_CATALOGUE_HEADERS "${FLEET_GENERATED}/fleet/${name}.hpp")
endforeach()
add_custom_command(
  OUTPUT ${FLEET_CATALOGUE_SOURCES} ${FLEET_CATALOGUE_HEADERS}
  COMMAND Python3::Interpreter "${CMAKE_SOURCE_DIR}/client/catalogue/generate.py" --cpp "${FLEET_GENERATED}"
  DEPENDS ${FLEET_CATALOGUE_FILES}
  COMMENT "Catalogue: C++ from definitions" VERBATIM)
add_custom_target(fleet_catalogue DEPENDS ${FLEET_CATALOGUE_SOURCES} ${FLEET_CATALOGUE_HEADERS})

file(GLOB_RECURSE FLEET_SQL_FILES CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/sql/*.sql"
     "${CMAKE_SOURCE_DIR}/sql/order.txt"
     "${CMAKE_SOURCE_DIR}/migrations/*.sql")
add_custom_command(
  OUTPUT "${FLEET_GENERATED}/pg/statements.inc" "${FLEET_GENERATED}/embedded_sql.cpp"
  COMMAND Python3::Interpreter "${CMAKE_SOURCE_DIR}/cmake/embed_sql.py" "${CMAKE_SOURCE_DIR}" "${FLEET_GENERATED}"
  DEPENDS ${FLEET_SQL_FILES} "${CMAKE_SOURCE_DIR}/cmake/embed_sql.py"
  COMMENT "SQL: embedding migrations, functions and statements" VERBATIM)
add_custom_target(fleet_embedded_sql DEPENDS "${FLEET_GENERATED}/pg/statements.inc" "${FLEET_GENERATED}/embedded_sql.cpp")
