# Debian packages of the installed components (deploy/deb builds them): what depends on what is found
# by dpkg-shlibdeps.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME rectify)
set(CPACK_PACKAGE_VENDOR Rectify)
set(CPACK_PACKAGE_CONTACT "Rectify developers <rectify@packages.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "ledger of inspection rectification")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL client server library development)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(source ${CMAKE_SOURCE_DIR}/deploy/deb)
get_target_property(soversion librectify SOVERSION)

# debian(COMPONENT NAME SECTION TEXT)
function(debian component name section text)
    string(TOUPPER ${component} upper)
    set(CPACK_DEBIAN_${upper}_PACKAGE_NAME ${name} PARENT_SCOPE)
    set(CPACK_DEBIAN_${upper}_PACKAGE_SECTION ${section} PARENT_SCOPE)
    set(CPACK_COMPONENT_${upper}_DESCRIPTION "${text}" PARENT_SCOPE)
    install(FILES ${source}/copyright DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/deb/${name}/changelog.gz VERBATIM
        DEPENDS ${source}/changelog
        COMMAND sh -c "mkdir -p \"$1\" && gzip -9n <\"$2\" >\"$1/changelog.gz\"" - ${CMAKE_BINARY_DIR}/deb/${name} ${source}/changelog)
    add_custom_target(changelog-${name} ALL DEPENDS ${CMAKE_BINARY_DIR}/deb/${name}/changelog.gz)
    install(FILES ${CMAKE_BINARY_DIR}/deb/${name}/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
endfunction()
set(about "Rectify (巡视整改台账) keeps the ledger of what a district answers for
after an inspection: problems, measures, deadlines and monthly reports of
its units, every command signed and kept in a log that can be verified
offline.")
debian(client rectify-client misc
    "command line and agent of a unit's machine\n${about}\n.\nThis package holds the command line, its manual and completion, and the\nagent.")
debian(server rectify-server misc
    "server of the inspection ledger\n${about}\n.\nThis package holds the server; it needs PostgreSQL 15 or later, here or\nelsewhere.")
debian(library librectify${soversion} libs
    "client library of the inspection ledger\n${about}\n.\nThis package holds the library that programs of others stand on.")
debian(development librectify-dev libdevel
    "client library of the inspection ledger (development files)\n${about}\n.\nThis package holds headers, the static library, and what pkg-config and\nCMake need.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "librectify${soversion} (= ${PROJECT_VERSION}), libprotobuf-c-dev, libjansson-dev, libsodium-dev, libsqlite3-dev, libnng-dev, libmbedtls-dev, zlib1g-dev")
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "postgresql, openssl")
set(CPACK_DEBIAN_CLIENT_PACKAGE_RECOMMENDS "bash-completion")
set(CPACK_DEBIAN_CLIENT_PACKAGE_SUGGESTS "libnotify-bin")
file(WRITE ${CMAKE_BINARY_DIR}/deb/shlibs "librectify ${soversion} librectify${soversion} (>= ${soversion}.0)\n")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA ${source}/library/triggers ${CMAKE_BINARY_DIR}/deb/shlibs)
set(CPACK_DEBIAN_CLIENT_PACKAGE_CONTROL_EXTRA ${source}/client/postinst ${source}/client/prerm)
set(CPACK_DEBIAN_SERVER_PACKAGE_CONTROL_EXTRA ${source}/server/postinst ${source}/server/prerm ${source}/server/postrm)
include(CPack)
