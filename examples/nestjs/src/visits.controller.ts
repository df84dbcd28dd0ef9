import { promisify } from 'node:util';
import { BadRequestException, Body, Controller, Get, Post, Redirect, Req } from '@nestjs/common';
import type { Request } from 'express';
import 'express-session';

declare module 'express-session' {
  interface SessionData {
    user: string;
    visits: number;
  }
}

@Controller()
export class VisitsController {
  @Get()
  visit(@Req() { session }: Request) {
    if (session.user) session.visits = (session.visits ?? 0) + 1;
    const { user = null, visits = 0 } = session;
    return { user, visits };
  }

  @Post('login')
  @Redirect('/')
  async login(@Req() request: Request, @Body() body?: { user?: string }) {
    if (!body?.user) throw new BadRequestException('user is missing');
    // A new id for a new user: an id that an attacker planted is then useless.
    await promisify(request.session.regenerate.bind(request.session))();
    Object.assign(request.session, { user: body.user, visits: 0 });
    // Save first: the browser may follow the redirect before DynamoDB has stored the session.
    await promisify(request.session.save.bind(request.session))();
  }

  @Post('logout')
  @Redirect('/')
  async logout(@Req() { session }: Request) {
    await promisify(session.destroy.bind(session))();
  }
}
