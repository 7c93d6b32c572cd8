// What the project has, for reading: models with their versions, runs with their steps and pictures, lineage, tables.
//
//     GET /v1/models, /v1/models/{name}, /v1/models/{name}/charts/{chart}
//     GET /v1/runs, /v1/runs/{id}, /v1/runs/{id}/pictures/{file}
//     GET /v1/lineage?kind=model&name=zoo.m
//     GET /v1/tables
#pragma once

#include "flow/project.h"
#include "net/router.h"

namespace sinan::app {

// The project must outlive the router.
void add_catalog_routes(net::Router& router, flow::Project& project);

}  // namespace sinan::app
