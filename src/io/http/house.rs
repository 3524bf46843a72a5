//! What pages and programs need to know of the house before they ask for anything: its zone, and its words.

use super::Context;
use super::params::Params;
use super::problem::Problem;
use crate::switch::basis;
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The house, by the configuration in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct House {
    #[schema(examples("sanling"))]
    pub name: String,
    /// By which its days begin, as the time-zone database names it: `[reports] zone`.
    #[schema(examples("Asia/Shanghai"))]
    pub zone: String,
    /// Why agents may be not ready, in order of the configuration; beside these they may be so without a reason.
    pub reasons: Vec<Reason>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Reason {
    #[schema(examples("meal"))]
    pub id: String,
    /// For people: as the configuration has it, its id when it gives none.
    pub name: String,
    /// What an agent dials for it.
    #[schema(examples("*17"))]
    pub code: Option<String>,
}

/// The house's name, its zone, and the reasons that agents may have.
#[utoipa::path(get, path = "/api/v1/house", tag = "operation", responses((status = 200, body = House)))]
pub async fn show(State(context): State<Arc<Context>>, params: Params) -> Result<Json<House>, Problem> {
    params.end()?;
    let config = context.api.config.get();
    let reasons =
        config.reasons.iter().map(|reason| Reason { id: reason.id.clone(), name: reason.name.clone(), code: reason.code.clone() });
    let zone = basis(&config).zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Json(House { name: config.switch.name.clone(), zone, reasons: reasons.collect() }))
}
