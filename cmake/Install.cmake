# Where the files go that nobody compiles. Programs are installed where they are built.

# systemd's own directories are where it says, whatever the prefix: it looks nowhere else.
foreach(directory systemdsystemunitdir systemdsystempresetdir sysusersdir catalogdir)
    pkg_get_variable(${directory} systemd ${directory})
    if(NOT ${directory})
        message(FATAL_ERROR "systemd.pc does not tell ${directory}: install systemd-dev, or systemd on Debian 12")
    endif()
endforeach()
install(FILES systemd/livepatchd.service systemd/livepatch-reapply.service systemd/livepatch-tasks.service
        systemd/livepatch-tasks.socket systemd/livepatch-fetch.service systemd/livepatch-fetch.timer
        systemd/livepatch-fetch.path
    DESTINATION "${systemdsystemunitdir}")
install(FILES systemd/80-livepatchd.preset DESTINATION "${systemdsystempresetdir}")
install(FILES systemd/livepatchd.sysusers RENAME livepatchd.conf DESTINATION "${sysusersdir}")
install(FILES systemd/livepatchd.catalog DESTINATION "${catalogdir}")

install(FILES dbus/interfaces/org.livepatchd1.Manager.xml dbus/interfaces/org.livepatchd1.Patch.xml
    DESTINATION "${CMAKE_INSTALL_DATADIR}/dbus-1/interfaces")
install(FILES dbus/policy/org.livepatchd1.conf DESTINATION "${CMAKE_INSTALL_DATADIR}/dbus-1/system.d")
install(FILES dbus/policy/org.livepatchd1.policy DESTINATION "${CMAKE_INSTALL_DATADIR}/polkit-1/actions")
install(FILES dbus/policy/org.livepatchd1.rules DESTINATION "${CMAKE_INSTALL_DATADIR}/polkit-1/rules.d")

set(etc "${CMAKE_INSTALL_FULL_SYSCONFDIR}/livepatchd")
install(FILES conf/livepatchd.toml DESTINATION "${etc}")
install(FILES conf/repos.d/vendor.toml DESTINATION "${etc}/repos.d")
install(FILES conf/module-keys.d/README DESTINATION "${etc}/module-keys.d")
install(DIRECTORY DESTINATION "${etc}/conf.d")
install(DIRECTORY DESTINATION "${etc}/trust")
install(DIRECTORY DESTINATION lib/livepatchd/conf.d)

install(FILES packaging/man/lpctl.1 packaging/man/lprepo.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES packaging/man/livepatchd.toml.5 packaging/man/livepatchd-repos.5
    DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(FILES packaging/man/livepatchd.8 packaging/man/livepatch-fetch.8 DESTINATION "${CMAKE_INSTALL_MANDIR}/man8")

install(FILES packaging/completions/lpctl.bash RENAME lpctl
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES packaging/completions/lprepo.bash RENAME lprepo
    DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions")
install(FILES packaging/completions/_lpctl DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions")
install(FILES packaging/completions/lpctl.fish DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")

# What documents itself is not written twice.
find_program(PYTHON3 python3 REQUIRED)
set(interfaces "${CMAKE_SOURCE_DIR}/dbus/interfaces/org.livepatchd1.Manager.xml"
    "${CMAKE_SOURCE_DIR}/dbus/interfaces/org.livepatchd1.Patch.xml")
file(GLOB schemas CONFIGURE_DEPENDS "${CMAKE_SOURCE_DIR}/cli/schemas/*.json")
add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/org.livepatchd1.7"
    COMMAND "${PYTHON3}" "${CMAKE_SOURCE_DIR}/dbus/interfaces/manual.py" ${interfaces}
        > "${CMAKE_BINARY_DIR}/org.livepatchd1.7"
    DEPENDS "${CMAKE_SOURCE_DIR}/dbus/interfaces/manual.py" ${interfaces}
    VERBATIM)
add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/lpctl-json.5"
    COMMAND "${PYTHON3}" "${CMAKE_SOURCE_DIR}/cli/schemas/manual.py" "${CMAKE_SOURCE_DIR}/cli/schemas"
        > "${CMAKE_BINARY_DIR}/lpctl-json.5"
    DEPENDS "${CMAKE_SOURCE_DIR}/cli/schemas/manual.py" ${schemas}
    VERBATIM)
add_custom_target(manuals ALL DEPENDS "${CMAKE_BINARY_DIR}/org.livepatchd1.7" "${CMAKE_BINARY_DIR}/lpctl-json.5")
install(FILES "${CMAKE_BINARY_DIR}/org.livepatchd1.7" DESTINATION "${CMAKE_INSTALL_MANDIR}/man7")
install(FILES "${CMAKE_BINARY_DIR}/lpctl-json.5" DESTINATION "${CMAKE_INSTALL_MANDIR}/man5")
install(FILES ${schemas} DESTINATION "${CMAKE_INSTALL_DATADIR}/livepatchd/schemas")
