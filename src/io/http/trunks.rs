//! The ways to the network outside, as they stand.

use super::Context;
use super::dto::{Trunk, TrunkList};
use super::params::Params;
use super::problem::Problem;
use axum::Json;
use axum::extract::State;
use std::sync::Arc;

/// All trunks: calls over them, whether the carriers have us, which of their hosts answer.
#[utoipa::path(get, path = "/api/v1/trunks", tag = "trunks", responses((status = 200, body = TrunkList)))]
pub async fn list(State(context): State<Arc<Context>>, params: Params) -> Result<Json<TrunkList>, Problem> {
    params.end()?;
    let snapshot = context.api.desk.snapshot().await?;
    Ok(Json(TrunkList { items: snapshot.trunks.iter().map(Trunk::from).collect(), next: None }))
}
