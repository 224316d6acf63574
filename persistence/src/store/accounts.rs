//! Sign-up and log-in.

use protocol::account::{Account, Credentials, Password};
use protocol::{PlayerId, PlayerName, RequestId, UnixMillis};
use sea_orm::{ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, SqlErr};

use super::connections::Connections;
use super::write::millis;
use super::{READ_TIMEOUT, Store, WRITE_TIMEOUT, bounded};
use crate::entity::{deleted_player, player};
use crate::error::{StoreError, chain};
use crate::hash_queue::Lane;
use crate::password::Slot;

impl Store {
    /// Creates an account. The same request again gets the first answer.
    ///
    /// # Errors
    /// When the password is outside its limits, the name is taken, reserved or looks
    /// like another, too many sign up, or the database is unavailable.
    pub async fn signup(
        &self,
        credentials: Credentials,
        now: UnixMillis,
    ) -> Result<Account, StoreError> {
        let Credentials {
            name,
            password,
            request,
            deadline,
            is_known_address: _,
        } = credentials;
        name.expect_unreserved().map_err(StoreError::BadName)?;
        password.check().map_err(StoreError::BadPassword)?;
        let connections = self.pool.prepared().await?;
        let id = name.id();
        let slot = self.passwords.enter(Lane::SignUp, &id, deadline).await?;
        let same_file = self.pool.expect_file(&connections);
        self.pool.watched(&connections, same_file).await?;
        // Avoids hashing in vain; the insert decides.
        if let Some(row) = self.find(&id).await? {
            return self.answer_again(row, name, &password, request, slot).await;
        }
        self.expect_free(&name).await?;
        let row = player::Model {
            id: id.clone().into(),
            name: name.to_string(),
            password_hash: slot.hash(&password).await?,
            created_at: millis(now),
            request: request.map(|request| request.to_string()),
            skeleton: Some(name.skeleton().to_string()),
        };
        drop(slot);
        let inserted = self.insert(&connections, row).await;
        match self.pool.watched(&connections, inserted).await {
            Ok(()) => Ok(new_account(name)),
            Err(StoreError::Database { source, .. })
                if matches!(source.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) =>
            {
                let Some(row) = self.find(&id).await? else {
                    return Err(StoreError::NameTooSimilar(name));
                };
                let slot = self.passwords.enter(Lane::SignUp, &id, deadline).await?;
                self.answer_again(row, name, &password, request, slot).await
            }
            Err(error) => Err(error),
        }
    }

    /// Refuses a name that looks like that of an account, and one of a deleted account.
    ///
    /// An account that is deleted meanwhile is found by the second look: one transaction
    /// takes its name out of the one table and into the other.
    async fn expect_free(&self, name: &PlayerName) -> Result<(), StoreError> {
        let database = self.database();
        let skeleton = name.skeleton();
        let alike = player::Entity::find()
            .filter(player::Column::Skeleton.eq(skeleton.as_str()))
            .one(&database);
        let alike = bounded("find a name", READ_TIMEOUT, alike).await?;
        if alike.is_some() {
            return Err(StoreError::NameTooSimilar(name.clone()));
        }
        let is_it = Condition::any()
            .add(deleted_player::Column::Id.eq(name.id().as_str()))
            .add(deleted_player::Column::Skeleton.eq(skeleton.as_str()));
        let deleted = deleted_player::Entity::find().filter(is_it).one(&database);
        match bounded("find a deleted name", READ_TIMEOUT, deleted).await? {
            Some(_deleted) => Err(StoreError::NameDeleted(name.clone())),
            None => Ok(()),
        }
    }

    /// Writes an account and looks on another connection whether it is there.
    async fn insert(
        &self,
        connections: &Connections,
        row: player::Model,
    ) -> Result<(), StoreError> {
        let _permit = self.account_write().await;
        let (id, hash) = (row.id.clone(), row.password_hash.clone());
        let row = player::ActiveModel {
            id: Set(row.id),
            name: Set(row.name),
            password_hash: Set(row.password_hash),
            created_at: Set(row.created_at),
            request: Set(row.request),
            skeleton: Set(row.skeleton),
        };
        let insert = player::Entity::insert(row).exec_without_returning(&connections.database);
        bounded("make an account", WRITE_TIMEOUT, insert).await?;
        self.see(connections, &id, &hash).await
    }

    pub(super) async fn see(
        &self,
        connections: &Connections,
        id: &str,
        hash: &str,
    ) -> Result<(), StoreError> {
        let check = self.pool.check(connections)?;
        let found = player::Entity::find_by_id(id).one(&check.database);
        let found = bounded("see an account", READ_TIMEOUT, found).await;
        check.end().await;
        match found? {
            Some(found) if found.password_hash == hash => Ok(()),
            Some(_) | None => Err(StoreError::NotSeen("an account")),
        }
    }

    /// The answer to a sign-up whose name has an account: that of the request that
    /// created it, if this is the same request of the same person.
    async fn answer_again(
        &self,
        row: player::Model,
        name: PlayerName,
        password: &Password,
        request: Option<RequestId>,
        slot: Slot,
    ) -> Result<Account, StoreError> {
        let request = request.map(|request| request.to_string());
        let is_same_request = request.is_some() && request == row.request;
        let hash = row.password_hash;
        if is_same_request && slot.verify(password, Some(hash.clone())).await? {
            drop(slot);
            let connections = self.pool.prepared().await?;
            let seen = self.see(&connections, &row.id, &hash).await;
            self.pool.watched(&connections, seen).await?;
            let as_chosen = PlayerName::parse(&row.name).unwrap_or(name);
            return Ok(new_account(as_chosen));
        }
        Err(StoreError::NameTaken(name))
    }

    /// Checks a password. An unknown player takes as long as a wrong password, and gives
    /// the same error.
    ///
    /// # Errors
    /// When the credentials are wrong, too many log in, or the database is unavailable.
    pub async fn login(&self, credentials: Credentials) -> Result<Account, StoreError> {
        let Credentials {
            name,
            password,
            request: _,
            deadline,
            is_known_address,
        } = credentials;
        let id = name.id();
        let slot = self
            .passwords
            .enter_for_log_in(&id, is_known_address, deadline)
            .await?;
        let found = self.find(&id).await?.filter(has_password);
        let (name, hash) = found.map(|row| (row.name, row.password_hash)).unzip();
        let is_right = slot.verify(&password, hash).await?;
        if !is_right {
            // Before the slot is given back, so that the next guess is in the other lane.
            self.passwords.failed(&id);
            return Err(StoreError::WrongCredentials);
        }
        drop(slot);
        let name = name.and_then(|name| PlayerName::parse(&name).ok());
        let name = name.ok_or(StoreError::WrongCredentials)?;
        // A greeting: without it a person can race all the same.
        let last_race = self.last_race(&name.id()).await.unwrap_or_else(|error| {
            tracing::debug!(error = chain(&error), "logged in without the last race");
            None
        });
        Ok(Account { name, last_race })
    }

    pub(super) async fn find(
        &self,
        player: &PlayerId,
    ) -> Result<Option<player::Model>, StoreError> {
        let database = self.database();
        let row = player::Entity::find_by_id(player.as_str()).one(&database);
        bounded("find an account", READ_TIMEOUT, row).await
    }
}

/// Whether it is possible to log in: a deleted account has results only.
pub(super) fn has_password(row: &player::Model) -> bool {
    !row.password_hash.is_empty()
}

fn new_account(name: PlayerName) -> Account {
    Account {
        name,
        last_race: None,
    }
}
