# What is installed beside the libraries (librectify.cmake): programs, manual pages, completion, units.
# Components: client (a unit's machine), server, library and development (librectify).
set(pages ${CMAKE_BINARY_DIR}/pages)
file(MAKE_DIRECTORY ${pages})
# page(FILE PROGRAM COMMAND…): FILE is what the command prints.
function(page file program)
    add_custom_command(OUTPUT ${pages}/${file} DEPENDS ${program} VERBATIM
        COMMAND sh -c "\"$@\" >${pages}/${file}" - ${ARGN})
endfunction()
page(rectify.1 rectify $<TARGET_FILE:rectify> help man)
page(rectify.ini.5 rectify $<TARGET_FILE:rectify> help man rectify.ini)
page(rectify.bash rectify $<TARGET_FILE:rectify> help completion)
page(rectifyd.ini.5 rectifyd bash ${CMAKE_SOURCE_DIR}/deploy/man/config-page $<TARGET_FILE:rectifyd>)
file(GLOB written ${CMAKE_SOURCE_DIR}/deploy/man/*.[1-8])
set(compressed)
foreach(file rectify.1 rectify.ini.5 rectifyd.ini.5 ${written})
    get_filename_component(name ${file} NAME)
    get_filename_component(from ${file} ABSOLUTE BASE_DIR ${pages})
    add_custom_command(OUTPUT ${pages}/${name}.gz DEPENDS ${from} VERBATIM
        COMMAND sh -c "gzip -9n <\"$1\" >\"$2\"" - ${from} ${pages}/${name}.gz)
    list(APPEND compressed ${pages}/${name}.gz)
endforeach()
add_custom_target(pages ALL DEPENDS ${compressed} ${pages}/rectify.bash)

set(deploy ${CMAKE_SOURCE_DIR}/deploy)
set(man ${CMAKE_INSTALL_MANDIR})
set(units lib/systemd) # beneath /usr, whatever the libraries' folder is called
if(NOT RECTIFY_STATIC_CLIENT)
    install(TARGETS rectify RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT client)
    if(TARGET rectify-agent)
        install(TARGETS rectify-agent RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT client)
    endif()
endif()
install(FILES ${pages}/rectify.1.gz ${pages}/rectify-agent.1.gz DESTINATION ${man}/man1
    COMPONENT client)
install(FILES ${pages}/rectify.ini.5.gz DESTINATION ${man}/man5 COMPONENT client)
install(FILES ${pages}/rectify.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME rectify COMPONENT client)
install(FILES ${deploy}/systemd/rectify-agent.service DESTINATION ${units}/user
    COMPONENT client OPTIONAL)
install(FILES ${deploy}/systemd/rectify-agent@.service DESTINATION ${units}/system
    COMPONENT client OPTIONAL)

install(TARGETS rectifyd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT server)
install(FILES ${pages}/rectifyd.8.gz DESTINATION ${man}/man8 COMPONENT server)
install(FILES ${pages}/rectifyd.ini.5.gz DESTINATION ${man}/man5 COMPONENT server)
install(FILES ${deploy}/systemd/rectifyd.service DESTINATION ${units}/system
    COMPONENT server OPTIONAL)
install(PROGRAMS ${deploy}/pki DESTINATION ${CMAKE_INSTALL_DATADIR}/rectify COMPONENT server)
install(FILES ${deploy}/roles.sql DESTINATION ${CMAKE_INSTALL_DATADIR}/rectify COMPONENT server)
