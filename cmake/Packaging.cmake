# `make install`: programs, headers, a CMake package and a pkg-config file.
include(CMakePackageConfigHelpers)

install(TARGETS fleet fleetd RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(TARGETS fleet_asio fleet_model fleet_transport fleet_direct fleet_api EXPORT FleetToolsTargets
        ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(DIRECTORY client/include/fleet DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")
install(DIRECTORY "${FLEET_GENERATED}/fleet" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" FILES_MATCHING PATTERN "*.hpp")

install(EXPORT FleetToolsTargets NAMESPACE FleetTools:: DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/FleetTools")
configure_package_config_file(cmake/FleetToolsConfig.cmake.in FleetToolsConfig.cmake
  INSTALL_DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/FleetTools")
write_basic_package_version_file(FleetToolsConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/FleetToolsConfig.cmake" "${CMAKE_CURRENT_BINARY_DIR}/FleetToolsConfigVersion.cmake"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/cmake/FleetTools")
# Relative to where the file is found, so that `cmake --install --prefix` may put everything elsewhere.
file(RELATIVE_PATH FLEET_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
# Relative to the file itself, so that `cmake --install --prefix DIR` needs no second configuration.
file(RELATIVE_PATH FLEET_PC_PREFIX "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/fleettools.pc.in fleettools.pc @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/fleettools.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")

# systemd units that name the programs where they are installed, and a commented settings file to start from.
foreach(unit IN ITEMS fleetd fleetd-system)
  file(READ packaging/${unit}.service text)
  string(REPLACE "/usr/local/bin" "${CMAKE_INSTALL_FULL_BINDIR}" text "${text}")
  file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/packaging/${unit}.service" "${text}")
endforeach()
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/packaging/fleetd.service" DESTINATION lib/systemd/user)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/packaging/fleetd-system.service" DESTINATION lib/systemd/system
        RENAME fleetd.service)
install(FILES packaging/fleet.toml DESTINATION "${CMAKE_INSTALL_DATADIR}/fleettools")
