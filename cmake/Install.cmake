# Where the files go that nobody compiles. Programs are installed where they are built.
set(LIVEPATCHD_UNIT_DIR "" CACHE PATH "Directory of systemd's units; empty: what pkg-config says")
set(unit_dir "${LIVEPATCHD_UNIT_DIR}")
if(NOT unit_dir)
    pkg_get_variable(unit_dir systemd systemdsystemunitdir)
endif()
if(NOT unit_dir)
    set(unit_dir "lib/systemd/system")
endif()

install(FILES systemd/livepatchd.service DESTINATION "${unit_dir}")
install(FILES systemd/80-livepatchd.preset DESTINATION lib/systemd/system-preset)
install(FILES systemd/livepatchd.catalog DESTINATION lib/systemd/catalog)

install(FILES dbus/interfaces/org.livepatchd1.Manager.xml dbus/interfaces/org.livepatchd1.Patch.xml
    DESTINATION "${CMAKE_INSTALL_DATADIR}/dbus-1/interfaces")
install(FILES dbus/policy/org.livepatchd1.conf DESTINATION "${CMAKE_INSTALL_DATADIR}/dbus-1/system.d")
install(FILES dbus/policy/org.livepatchd1.policy DESTINATION "${CMAKE_INSTALL_DATADIR}/polkit-1/actions")

set(etc "${CMAKE_INSTALL_FULL_SYSCONFDIR}/livepatchd")
install(FILES conf/livepatchd.toml DESTINATION "${etc}")
install(FILES conf/repos.d/vendor.toml DESTINATION "${etc}/repos.d")
install(FILES conf/module-keys.d/README DESTINATION "${etc}/module-keys.d")
install(DIRECTORY DESTINATION "${etc}/conf.d")
install(DIRECTORY DESTINATION "${etc}/trust")
install(DIRECTORY DESTINATION lib/livepatchd/conf.d)

install(FILES packaging/man/lpctl.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES packaging/man/livepatchd.toml.5 packaging/man/livepatchd-repos.5
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(FILES packaging/man/livepatchd.8 DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")
