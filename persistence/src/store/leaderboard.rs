//! Profiles and the leaderboard.

use protocol::account::{Leaderboard, LeaderboardRequest, Profile};
use protocol::limits::{LEADERBOARD_PLAYERS_MAX, SCORE_ABS_MAX};
use protocol::{PlayerId, PlayerName};
use sea_orm::sea_query::{Expr, ExprTrait, Order, Query};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, RelationDef, Select,
};

use super::{READ_TIMEOUT, Store, bounded};
use crate::entity::{player, race_result};
use crate::error::StoreError;

/// The name of a 64-bit integer type that SQLite, MySQL and MariaDB all accept in a
/// cast.
const WHOLE: &str = "SIGNED INTEGER";

/// The totals of a player's races.
#[derive(FromQueryResult)]
struct Tally {
    name: String,
    races: i64,
    wins: i64,
    total: i64,
}

impl Store {
    /// A player's record over all races.
    ///
    /// # Errors
    /// When there is no such player or the database is unavailable.
    pub async fn profile(&self, player: &PlayerId) -> Result<Profile, StoreError> {
        let database = self.database();
        let tally = tallies(JoinType::LeftJoin)
            .filter(player::Column::Id.eq(player.as_str()))
            .into_model::<Tally>()
            .one(&database);
        bounded("read a profile", READ_TIMEOUT, tally)
            .await?
            .and_then(Tally::profile)
            .ok_or_else(|| StoreError::UnknownPlayer(player.clone()))
    }

    /// Returns a page of the players with a result: most wins first, then the highest
    /// score.
    ///
    /// # Errors
    /// When the database is unavailable.
    pub async fn leaderboard(
        &self,
        request: LeaderboardRequest,
    ) -> Result<Leaderboard, StoreError> {
        let database = self.database();
        let raced = Query::select()
            .column(race_result::Column::Player)
            .from(race_result::Entity)
            .take();
        let total = player::Entity::find()
            .filter(player::Column::Id.in_subquery(raced))
            .count(&database);
        let total = bounded("count the leaderboard", READ_TIMEOUT, total).await?;
        // Also because SQLite takes no larger number than a signed one.
        let offset = Ord::min(request.offset, total);
        let tallies = tallies(JoinType::InnerJoin)
            .order_by(Expr::col("wins"), Order::Desc)
            .order_by(Expr::col("total"), Order::Desc)
            .order_by(player::Column::Id, Order::Asc)
            .offset(offset)
            .limit(Ord::min(request.limit, LEADERBOARD_PLAYERS_MAX))
            .into_model::<Tally>()
            .all(&database);
        let tallies = bounded("read the leaderboard", READ_TIMEOUT, tallies).await?;
        Ok(Leaderboard {
            players: tallies.into_iter().filter_map(Tally::profile).collect(),
            offset,
            total,
        })
    }
}

impl Tally {
    /// Converts the row; `None` for a name that this program did not write.
    fn profile(self) -> Option<Profile> {
        Some(Profile {
            name: PlayerName::parse(&self.name).ok()?,
            races: u64::try_from(self.races).unwrap_or_default(),
            wins: u64::try_from(self.wins).unwrap_or_default(),
            score: self.total,
        })
    }
}

fn tallies(join: JoinType) -> Select<player::Entity> {
    let player_of_result: RelationDef = race_result::Entity::belongs_to(player::Entity)
        .from(race_result::Column::Player)
        .to(player::Column::Id)
        .into();
    let won = Expr::case(race_result::Column::Place.eq(1), 1).finally(0);
    // A score that no race has counts as none: a sum with it may not fit 64 bits.
    let is_possible = race_result::Column::Score.between(-SCORE_ABS_MAX, SCORE_ABS_MAX);
    let score = Expr::case(
        is_possible,
        Expr::col(race_result::Column::Score.as_column_ref()),
    );
    player::Entity::find()
        .select_only()
        .column_as(player::Column::Name, "name")
        .column_as(race_result::Column::Race.count(), "races")
        .column_as(whole(Expr::expr(won).sum()), "wins")
        .column_as(
            whole(Expr::expr(score.finally(0)).sum().if_null(0)),
            "total",
        )
        .join(join, player_of_result.rev())
        .group_by(player::Column::Id)
        .group_by(player::Column::Name)
}

/// Casts a sum to an integer: MySQL sums integers to a decimal.
fn whole(sum: Expr) -> Expr {
    sum.cast_as(WHOLE)
}
