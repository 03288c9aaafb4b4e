# The Debian package: `cmake --build --preset release && cpack --config build/release/CPackConfig.cmake`.
# Upgrades keep the ledger and what was changed in /etc/default/keysyncd; purge removes everything.
include(GNUInstallDirs)
set(deploy ${PROJECT_SOURCE_DIR}/deploy)
set(documents ${CMAKE_CURRENT_BINARY_DIR}/package)

# Debian wants its documents compressed, without a time stamp so that the same sources give the same bytes.
function(compressed source target)
  add_custom_command(OUTPUT ${documents}/${target} DEPENDS ${source}
                     COMMAND ${CMAKE_COMMAND} -E make_directory ${documents}
                     COMMAND gzip -9nc ${source} > ${documents}/${target} VERBATIM)
endfunction()
compressed(${deploy}/man/keysyncd.1 keysyncd.1.gz)
compressed(${deploy}/man/keysyncd.yaml.5 keysyncd.yaml.5.gz)
compressed(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog.gz)
add_custom_target(keysyncd_documents ALL
                  DEPENDS ${documents}/keysyncd.1.gz ${documents}/keysyncd.yaml.5.gz ${documents}/changelog.gz)

install(TARGETS keysyncd RUNTIME DESTINATION bin)
install(FILES ${deploy}/systemd/keysyncd.service DESTINATION lib/systemd/system)
install(FILES ${documents}/keysyncd.1.gz DESTINATION share/man/man1)
install(FILES ${documents}/keysyncd.yaml.5.gz DESTINATION share/man/man5)
install(FILES ${deploy}/completion/keysyncd.bash DESTINATION share/bash-completion/completions RENAME keysyncd)
install(FILES ${documents}/changelog.gz ${deploy}/debian/copyright DESTINATION share/doc/keysyncd)
install(FILES ${deploy}/examples/keysyncd.yaml ${deploy}/examples/web.yaml DESTINATION share/doc/keysyncd/examples)
# What Prometheus, Alertmanager and Grafana are given; the alerts' runbook_url names this folder.
install(DIRECTORY ${deploy}/prometheus ${deploy}/alertmanager ${deploy}/grafana ${deploy}/runbooks
        DESTINATION share/doc/keysyncd)
install(FILES ${deploy}/openapi.yaml DESTINATION share/doc/keysyncd)
install(FILES ${deploy}/debian/default DESTINATION /etc/default RENAME keysyncd)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PACKAGE_NAME keysyncd)
set(CPACK_PACKAGE_CONTACT "The keysyncd authors <keysyncd@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Windows Hello for Business key sync monitor")
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, init-system-helpers (>= 1.54)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libsasl2-modules-gssapi-mit")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "prometheus")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "In a hybrid key-trust deployment of Windows Hello for Business a user's key is
registered in Microsoft Entra ID and is of use on premises only once Entra
Connect has written it into Active Directory. keysyncd measures that wait for
every key of every user, tells which users are waiting now and why, and exports
it to Prometheus.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${deploy}/debian/postinst ${deploy}/debian/prerm ${deploy}/debian/postrm
                                       ${deploy}/debian/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)
