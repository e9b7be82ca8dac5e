# librectify, as others use it: librectify.so and librectify.a, made of the client's static libraries
# by librectify.sh. client/lib/PUBLIC lists its headers.
include(CMakePackageConfigHelpers)

file(STRINGS ${CMAKE_SOURCE_DIR}/client/lib/version.h line REGEX "^#define RECTIFY_LIBRARY_VERSION ")
if(NOT line MATCHES "\"${PROJECT_VERSION}\"")
    message(FATAL_ERROR "client/lib/version.h and project(VERSION) differ")
endif()
set(RECTIFY_SOVERSION ${PROJECT_VERSION_MAJOR})
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(RECTIFY_SOVERSION 0.${PROJECT_VERSION_MINOR}) # see client/lib/version.h
endif()

set(public ${CMAKE_SOURCE_DIR}/client/lib/PUBLIC)
file(STRINGS ${public} headers REGEX "^[^#]")
list(TRANSFORM headers PREPEND ${CMAKE_SOURCE_DIR}/)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${public})
set(parts rectify_client rectify_rpc rectify_ledger rectify_base rectify_schema)
list(TRANSFORM parts REPLACE "(.+)" "$<TARGET_FILE:\\1>" OUTPUT_VARIABLE archives)
set(LIBRECTIFY ${CMAKE_BINARY_DIR}/librectify)
add_custom_command(OUTPUT ${LIBRECTIFY}/librectify.o
    BYPRODUCTS ${LIBRECTIFY}/exports.map
    COMMAND ${CMAKE_COMMAND} -E env NM=${CMAKE_NM} LD=${CMAKE_LINKER} OBJCOPY=${CMAKE_OBJCOPY}
            bash ${CMAKE_SOURCE_DIR}/cmake/librectify.sh ${LIBRECTIFY} ${public} ${CMAKE_SOURCE_DIR}
            ${archives}
    DEPENDS ${parts} ${headers} ${public} ${CMAKE_SOURCE_DIR}/cmake/librectify.sh VERBATIM)
set_source_files_properties(${LIBRECTIFY}/librectify.o PROPERTIES EXTERNAL_OBJECT ON GENERATED ON)

add_library(librectify SHARED ${LIBRECTIFY}/librectify.o)
add_library(librectify_archive STATIC ${LIBRECTIFY}/librectify.o)
set_target_properties(librectify librectify_archive PROPERTIES OUTPUT_NAME rectify LINKER_LANGUAGE C)
set_target_properties(librectify PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${RECTIFY_SOVERSION}
    LINK_DEPENDS ${LIBRECTIFY}/exports.map)
# Functions bind within; descriptors must not, or a program's copies of them would be others.
target_link_options(librectify PRIVATE -Wl,--version-script=${LIBRECTIFY}/exports.map
    -Wl,-Bsymbolic-functions -Wl,--no-undefined -Wl,-z,relro -Wl,-z,now -Wl,--as-needed)
set(system PkgConfig::PROTOBUF_C PkgConfig::JANSSON PkgConfig::SODIUM PkgConfig::SQLITE
    ${NNG} mbedtls mbedx509 mbedcrypto Threads::Threads)
target_link_libraries(librectify PRIVATE ${system})

# ---- installed
install(TARGETS librectify LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT library NAMELINK_COMPONENT development)
install(TARGETS librectify_archive ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development)
install(DIRECTORY ${LIBRECTIFY}/include/rectify ${CMAKE_BINARY_DIR}/gen/rectify
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development FILES_MATCHING PATTERN "*.h")
install(FILES ${RECTIFY_PROTOS} DESTINATION ${CMAKE_INSTALL_DATADIR}/rectify/proto/rectify/v1
    COMPONENT development)
file(RELATIVE_PATH RECTIFY_PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(${CMAKE_SOURCE_DIR}/cmake/rectify.pc.in rectify.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rectify.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/rectify)
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/rectifyConfig.cmake.in rectifyConfig.cmake
    INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
# Below 1.0 each minor version stands for itself.
write_basic_package_version_file(rectifyConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rectifyConfig.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/rectifyConfigVersion.cmake
    DESTINATION ${package} COMPONENT development)
