//! Changed passwords and deleted accounts.
//!
//! A deleted account becomes an anonymous one in one transaction: its row gets another
//! name and no password, its results get that name, and its positions are removed. What
//! comes later about a race that the player was still in gets the name when it is
//! written (`anonymous`). The old name is kept in `deleted_player` for
//! [`RESERVATION_MS`](super::anonymous::RESERVATION_MS), and nobody can take it or one that looks like it.

use protocol::account::{AccountDeletion, DeletedAccount, PasswordChange};
use protocol::names::deleted_name;
use protocol::{PlayerId, PlayerName, UnixMillis};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter,
    TransactionTrait,
};
use ulid::Ulid;

use super::accounts::has_password;
use super::connections::Connections;
use super::write::{CONFLICT_ATTEMPTS, immediately, millis};
use super::{READ_TIMEOUT, Store, WRITE_TIMEOUT, bounded};
use crate::entity::{deleted_player, player, race_result, snapshot};
use crate::error::StoreError;
use crate::hash_queue::Lane;
use crate::password::Slot;

impl Store {
    /// Replaces the password of an account.
    ///
    /// # Errors
    /// When the old password is wrong, the new one is outside its limits, too many ask
    /// for hashes, or the database is unavailable.
    pub async fn change_password(&self, change: PasswordChange) -> Result<(), StoreError> {
        let PasswordChange {
            player,
            old,
            new,
            deadline,
        } = change;
        new.check().map_err(StoreError::BadPassword)?;
        let connections = self.pool.prepared().await?;
        let slot = self
            .passwords
            .enter(Lane::Change, &player, deadline)
            .await?;
        let row = self.find_with(&player, &old, &slot).await?;
        let hash = slot.hash(&new).await?;
        drop(slot);
        let replaced = self.replace_hash(&connections, &row, &hash).await;
        self.pool.watched(&connections, replaced).await
    }

    /// Deletes an account.
    ///
    /// # Errors
    /// When the password is wrong, too many ask for hashes, or the database is
    /// unavailable.
    pub async fn delete_account(
        &self,
        deletion: AccountDeletion,
        now: UnixMillis,
    ) -> Result<DeletedAccount, StoreError> {
        let AccountDeletion {
            player,
            password,
            deadline,
        } = deletion;
        let connections = self.pool.prepared().await?;
        let slot = self
            .passwords
            .enter(Lane::Change, &player, deadline)
            .await?;
        let row = self.find_with(&player, &password, &slot).await?;
        drop(slot);
        let _permit = self.account_write().await;
        let mut attempt = 1;
        loop {
            // Of 2^32 names; one that is in use is a conflict with its key.
            let number = u32::try_from(Ulid::generate().random() & 0xffff_ffff);
            let anonymous = deleted_name(number.unwrap_or_default());
            let deleted = self
                .make_anonymous(&connections, &row, &anonymous, now)
                .await;
            match self.pool.watched(&connections, deleted).await {
                Ok(()) => return Ok(DeletedAccount { anonymous }),
                Err(error)
                    if (error.is_conflict() || error.is_refusal())
                        && attempt < CONFLICT_ATTEMPTS =>
                {
                    attempt += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The account of a logged-in player who has given the password again.
    async fn find_with(
        &self,
        player: &PlayerId,
        password: &protocol::account::Password,
        slot: &Slot,
    ) -> Result<player::Model, StoreError> {
        let found = self.find(player).await?.filter(has_password);
        let hash = found.as_ref().map(|row| row.password_hash.clone());
        let is_right = slot.verify(password, hash).await?;
        found.filter(|_| is_right).ok_or(StoreError::WrongPassword)
    }

    async fn replace_hash(
        &self,
        connections: &Connections,
        row: &player::Model,
        hash: &str,
    ) -> Result<(), StoreError> {
        let _permit = self.account_write().await;
        let update = player::Entity::update_many()
            .set(player::ActiveModel {
                password_hash: Set(hash.to_owned()),
                ..Default::default()
            })
            .filter(player::Column::Id.eq(&row.id))
            .filter(player::Column::PasswordHash.eq(&row.password_hash))
            .exec(&connections.database);
        let updated = bounded("replace a password", WRITE_TIMEOUT, update).await?;
        if updated.rows_affected == 0 {
            // It was replaced meanwhile.
            return Err(StoreError::WrongPassword);
        }
        self.see(connections, &row.id, hash).await
    }

    async fn make_anonymous(
        &self,
        connections: &Connections,
        row: &player::Model,
        anonymous: &PlayerName,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let rename = rename(&connections.database, row, anonymous, now);
        if !bounded("delete an account", WRITE_TIMEOUT, rename).await? {
            return Err(StoreError::WrongPassword);
        }
        let check = self.pool.check(connections)?;
        let old = player::Entity::find_by_id(&row.id).one(&check.database);
        let old = bounded("see a deleted account", READ_TIMEOUT, old).await;
        check.end().await;
        match old? {
            None => self.see(connections, anonymous.id().as_str(), "").await,
            Some(_) => Err(StoreError::NotSeen("the deletion of an account")),
        }
    }
}

/// Returns false when the account was changed or deleted meanwhile.
async fn rename(
    database: &DatabaseConnection,
    row: &player::Model,
    anonymous: &PlayerName,
    now: UnixMillis,
) -> Result<bool, DbErr> {
    let id = anonymous.id().to_string();
    let transaction = database.begin_with_options(immediately()).await?;
    // First: a batch that is being written has read this table and holds its key.
    let reserved = deleted_player::ActiveModel {
        id: Set(row.id.clone()),
        skeleton: Set(skeleton_of(row)),
        anonymous: Set(id.clone()),
        deleted_at: Set(millis(now)),
    };
    deleted_player::Entity::insert(reserved)
        .exec_without_returning(&transaction)
        .await?;
    let renamed = player::Entity::update_many()
        .set(player::ActiveModel {
            id: Set(id.clone()),
            name: Set(id.clone()),
            password_hash: Set(String::new()),
            request: Set(None),
            skeleton: Set(Some(anonymous.skeleton().to_string())),
            ..Default::default()
        })
        .filter(player::Column::Id.eq(&row.id))
        .filter(player::Column::PasswordHash.eq(&row.password_hash))
        .exec(&transaction)
        .await?;
    if renamed.rows_affected == 0 {
        transaction.rollback().await?;
        return Ok(false);
    }
    race_result::Entity::update_many()
        .set(race_result::ActiveModel {
            player: Set(id.clone()),
            player_name: Set(id),
            ..Default::default()
        })
        .filter(race_result::Column::Player.eq(&row.id))
        .exec(&transaction)
        .await?;
    snapshot::Entity::delete_many()
        .filter(snapshot::Column::Player.eq(&row.id))
        .exec(&transaction)
        .await?;
    transaction.commit().await?;
    Ok(true)
}

/// Also of a row that has none, since its name looks like an older one.
fn skeleton_of(row: &player::Model) -> String {
    let name = PlayerName::parse(&row.name);
    name.map_or_else(|_| row.id.clone(), |name| name.skeleton().to_string())
}
