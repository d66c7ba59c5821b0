import { relations } from 'drizzle-orm'
import { bigint, boolean, doublePrecision, integer, jsonb, numeric, pgEnum, pgTable, serial, text, timestamp, uuid } from 'drizzle-orm/pg-core'

export const mood = pgEnum('mood', ['calm', 'cross'])

export const users = pgTable('users', {
  id: serial().primaryKey(),
  email: text('e_mail').notNull().unique(),
  isActive: boolean('is_active').notNull().default(true),
  mood: mood().notNull().default('calm'),
  tags: text().array().notNull().default([]),
  scores: integer().array(),
  details: jsonb(),
  bornAt: timestamp('born_at', { withTimezone: true }),
  balance: numeric({ precision: 20, scale: 2 }),
  views: bigint({ mode: 'bigint' }),
  weight: doublePrecision(),
  token: uuid(),
  double: integer().generatedAlwaysAs(2),
})

export const posts = pgTable('posts', {
  id: integer().primaryKey().generatedAlwaysAsIdentity(),
  title: text().notNull(),
  authorId: integer('author_id').notNull().references(() => users.id),
})

export const usersRelations = relations(users, ({ many }) => ({ posts: many(posts) }))
export const postsRelations = relations(posts, ({ one }) => ({ author: one(users, { fields: [posts.authorId], references: [users.id] }) }))
